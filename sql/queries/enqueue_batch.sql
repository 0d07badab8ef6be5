-- Jobs of any types; those whose unique key is taken are left out. Each unique key may be waited for: in one order for
-- all who add several.
insert into procrastinate_jobs
    (id, queue_name, task_name, priority, scheduled_at, args, unique_key, limit_key, graph_id, waits_for)
select new.id, new.queue, new.job_type, new.priority, new.run_after, new.args, new.unique_key, new.limit_key, new.graph_id,
       case when new.waits then 'jobs'
            when new.run_after > clock_timestamp() then 'time'
            when new.limit_key is not null then 'limit' end
from jsonb_to_recordset(cast(:jobs as jsonb)) as new (
    id bigint, queue text, job_type text, priority integer, run_after timestamptz, args jsonb, unique_key text,
    limit_key text, graph_id bigint, waits boolean)
order by new.unique_key, new.id
on conflict do nothing
returning id
