select delete_jobs(array(
    select id from jobs_finished where finished_at < now() - :older_than limit :limit for update skip locked))
