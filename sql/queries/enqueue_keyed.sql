-- As enqueue, where some of the jobs have a unique key or a limit; those whose unique key is taken are left out.
insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args, unique_key, limit_key, waits_for)
select %(queue)s, %(job_type)s, %(priority)s, %(run_after)s, jsonb_build_object('params', new.params, 'meta', m.meta),
       new.unique_key, new.limit_key,
       case when %(run_after)s::timestamptz > clock_timestamp() then 'time'
            when new.limit_key is not null then 'limit' end
from (select %(meta)s::jsonb as meta, notice_failover() offset 0) m,
     rows from (jsonb_array_elements(%(params)s::jsonb), unnest(%(unique_keys)s::text[]), unnest(%(limit_keys)s::text[]))
         with ordinality as new (params, unique_key, limit_key, place)
order by new.place
on conflict do nothing
returning id
