-- Schedules to act on: their time has come; the job they wait for has ended; or the clock went back behind them.
-- Conditions on the row itself stay in this WHERE: it is asked again of a row that changed before it was locked.
-- A job is asked for by a subquery that gives a value: NOT EXISTS may be hashed, and read every active job.
select s.id, s.name, s.job_type, s.params, s.cron, s.time_zone, s.every, s.min_wait, s.max_wait, s.misfire,
       s.misfire_after, s.priority, s.paused_at, s.paused_by, s.next_at, s.waits_for_job, s.last_at, s.last_job_id,
       s.last_error, s.created_at, s.updated_at, statement_timestamp() as now
from schedules s
where (s.paused_at is null and s.next_at <= statement_timestamp())
   or (s.paused_at is null and s.waits_for_job is not null
       and (select j.id from jobs_active j where j.id = s.waits_for_job) is null)
   or (s.paused_at is null and s.waits_for_job is null
       and s.updated_at > statement_timestamp() + interval '1 minute')
order by s.next_at
limit :most
for update of s skip locked
