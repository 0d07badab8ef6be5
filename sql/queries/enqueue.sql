-- Jobs of one type, in the order given. Through the whole table, not its partition: its trigger tells the workers.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args)
select %(queue)s, %(job_type)s, %(priority)s, %(run_after)s, unnest(%(args)s::jsonb[])
returning id
