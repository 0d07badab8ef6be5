-- As enqueue, where some of the jobs have a unique key or a limit; those whose unique key is taken are left out.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args, unique_key, limit_key, waits_for)
select %(queue)s, %(job_type)s, %(priority)s, %(run_after)s, new.args, new.unique_key, new.limit_key,
       case when %(run_after)s::timestamptz > clock_timestamp() then 'time'
            when new.limit_key is not null then 'limit' end
from unnest(%(args)s::jsonb[], %(unique_keys)s::text[], %(limit_keys)s::text[]) as new (args, unique_key, limit_key)
on conflict do nothing
returning id
