insert into procrastinate_jobs (id, queue_name, task_name, priority, args, unique_key, limit_key, graph_id, waits_for)
values (%(id)s, %(queue)s, %(job_type)s, %(priority)s, %(args)s::jsonb, %(unique_key)s, %(limit_key)s, %(graph_id)s,
        case when %(waits)s then 'jobs' when %(limit_key)s::text is not null then 'limit' end)
on conflict do nothing
returning id
