-- procrastinate's events, told from the times that jobs and runs keep: for its own tools.
create view procrastinate_events as
select e.id, e.job_id, e.type::procrastinate_job_event_type as type, e.at
from (
    select id * 4 as id, id as job_id, 'deferred' as type, created_at as at from procrastinate_jobs
    union all
    select id * 4 + 1, id, 'started', started_at from procrastinate_jobs where started_at is not null
    union all
    select id * 4 + 2, id, status::text, finished_at from jobs_finished
) e;
