-- Every job in the words of matchday. The run shown is the current attempt, found by its key: the planner drops the
-- joins when no column of them is asked for.
create view job_queue as
select j.id,
       j.task_name as job_type,
       job_status(j.status) as status,
       j.status as procrastinate_status,  -- for conditions: the indexes know this one
       j.queue_name as queue,
       j.priority,
       j.args -> 'params' as params,
       j.args #>> '{meta,requested_by}' as requested_by,
       j.created_at,
       j.scheduled_at as run_after,
       j.abort_requested and j.status = 'doing' as cancel_requested,
       j.attempts + (j.status = 'doing')::int as attempt,
       coalesce(r.worker, w.name) as worker,
       coalesce(j.started_at, r.started_at) as started_at,
       j.finished_at,
       coalesce(r.progress, 0) as progress,
       coalesce(r.step, '') as step,
       coalesce(r.message, '') as message,
       r.result,
       r.error_kind,
       r.error
from procrastinate_jobs j
left join job_runs r on r.job_id = j.id and r.attempt = j.attempts + (j.status = 'doing')::int
left join procrastinate_workers w on w.id = j.worker_id and j.status = 'doing';
