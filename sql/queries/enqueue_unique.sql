-- As enqueue, where some of the jobs have a unique key; those whose key is taken are left out.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args, unique_key)
select %(queue)s, %(job_type)s, %(priority)s, %(run_after)s, new.args, new.unique_key
from unnest(%(args)s::jsonb[], %(unique_keys)s::text[]) as new (args, unique_key)
on conflict do nothing
returning id
