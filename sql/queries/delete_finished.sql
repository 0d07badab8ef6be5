delete from procrastinate_jobs where id in (
    select id from job_queue
    where created_at < now() - :older_than and status in ('completed', 'failed', 'cancelled')
      and finished_at < now() - :older_than
    order by created_at limit :limit
)
