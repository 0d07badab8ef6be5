-- Jobs of any types, in the order given; those whose unique key is taken are left out.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args, unique_key, limit_key, waits_for)
select new.queue, new.job_type, new.priority, new.run_after, new.args, new.unique_key, new.limit_key,
       case when new.run_after > clock_timestamp() then 'time' when new.limit_key is not null then 'limit' end
from rows from (
    jsonb_to_recordset(cast(:jobs as jsonb)) as (
        queue text, job_type text, priority integer, run_after timestamptz, args jsonb, unique_key text, limit_key text)
) with ordinality as new (queue, job_type, priority, run_after, args, unique_key, limit_key, place)
order by new.place
on conflict do nothing
returning id
