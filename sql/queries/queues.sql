-- Every queue that a handler declares, that has active jobs, or that an operator has touched; or only one of them.
with counted as (
    select queue_name::text as name,
           count(*) filter (where status = 'todo') as pending,
           count(*) filter (where status = 'todo' and waits_for = 'time') as scheduled,
           count(*) filter (where status = 'doing') as running,
           min(greatest(created_at, scheduled_at)) filter (where status = 'todo' and waits_for is null) as oldest
    from jobs_active
    where cast(:only as text) is null or queue_name = :only
    group by 1
)
select known.name, coalesce(c.pending, 0) as pending, coalesce(c.scheduled, 0) as scheduled,
       coalesce(c.running, 0) as running,
       extract(epoch from clock_timestamp() - c.oldest)::double precision as oldest_pending_seconds,
       q.paused_at, q.paused_by
from (
    select unnest(cast(:declared as text[])) union select name from queues union select name from counted
) as known (name)
left join counted c on c.name = known.name
left join queues q on q.name = known.name
where cast(:only as text) is null or known.name = :only
order by known.name
