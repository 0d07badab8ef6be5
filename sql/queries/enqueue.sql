-- Jobs of one type, in the order given. Through the whole table, not its partition: its trigger tells the workers.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args)
select %(queue)s, %(job_type)s, %(priority)s, %(run_after)s, jsonb_build_object('params', new.params, 'meta', m.meta)
from (select %(meta)s::jsonb as meta, notice_failover() offset 0) m, jsonb_array_elements(%(params)s::jsonb) as new (params)
returning id
