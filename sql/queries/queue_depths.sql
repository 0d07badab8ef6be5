select queue_name as queue,
       count(*) filter (where status = 'todo') as pending,
       count(*) filter (where status = 'doing') as running,
       extract(epoch from now() - min(greatest(created_at, scheduled_at)) filter (
           where status = 'todo' and (scheduled_at is null or scheduled_at <= now())))::double precision
           as oldest_pending_seconds
from procrastinate_jobs
where status in ('todo', 'doing')
group by 1
order by 1
