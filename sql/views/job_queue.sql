-- Every job in the words of matchday. The run shown is the current attempt, found by its key: the planner drops the
-- join when no column of it is asked for, and evaluates finished_at only for the rows that are shown.
create view job_queue as
select j.id,
       j.task_name as job_type,
       job_status(j.status) as status,
       j.queue_name as queue,
       j.priority,
       j.args -> 'params' as params,
       j.args #>> '{meta,requested_by}' as requested_by,
       j.created_at,
       j.scheduled_at as run_after,
       j.abort_requested and j.status = 'doing' as cancel_requested,
       coalesce(r.attempt, 0) as attempt,
       r.worker,
       r.started_at,
       case j.status
           when 'todo' then null when 'doing' then null
           when 'cancelled' then job_finished_at(j.id)  -- while it waited: the run, if any, ended earlier
           else coalesce(r.finished_at, job_finished_at(j.id)) end as finished_at,
       coalesce(r.progress, 0) as progress,
       coalesce(r.step, '') as step,
       coalesce(r.message, '') as message,
       r.result,
       r.error_kind,
       r.error
from procrastinate_jobs j
left join job_runs r on r.job_id = j.id and r.attempt = j.attempts + (j.status = 'doing')::int;
