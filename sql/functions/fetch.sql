-- Takes ready jobs for a worker: at most p_total, and of a queue that has a cap at most that many. Within a queue the
-- order is priority, then age; the queue whose first job is the most urgent is served first.
--
-- The planner's settings are part of the function: with statistics that are old, or of an empty table, it would
-- otherwise walk whole indexes for each job, and a session keeps its plans.
create or replace function fetch_jobs(
    p_worker bigint, p_queues text[], p_capped text[], p_caps integer[], p_total integer
) returns table (
    id bigint, queue_name varchar, task_name varchar, args jsonb, attempts integer, failures smallint
) language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_sort = off as $$
#variable_conflict use_column
declare
    taken bigint[] := '{}';
    n record;
begin
    for n in
        with recursive names as (
            (select j.queue_name::text as name from jobs_active j
                where j.status = 'todo' and j.waits_for is null and p_queues is null
                order by j.queue_name limit 1)
            union all
            select (select j.queue_name::text from jobs_active j
                where j.status = 'todo' and j.waits_for is null and j.queue_name > names.name
                order by j.queue_name limit 1)
            from names where names.name is not null
        ), wanted as (
            select name from names where name is not null union all select unnest(p_queues)
        )
        select w.name, c.cap
        from wanted w
        left join unnest(p_capped, p_caps) as c (name, cap) on c.name = w.name
        cross join lateral (
            select j.priority, j.id from jobs_active j
            where j.queue_name = w.name and j.status = 'todo' and j.waits_for is null
            order by j.priority desc, j.id limit 1
        ) head
        where not exists (select from queues q where q.name = w.name and q.paused_at is not null)
        order by head.priority desc, head.id
    loop
        exit when cardinality(taken) >= p_total;
        taken := taken || array(
            select j.id from jobs_active j
            where j.queue_name = n.name and j.status = 'todo' and j.waits_for is null
              and (j.lock is null or not exists (
                  select from jobs_active o
                  where o.lock = j.lock and (o.status = 'doing' or (o.status = 'todo' and (
                      o.priority > j.priority or (o.priority = j.priority and o.id < j.id))))))
            order by j.priority desc, j.id
            limit least(coalesce(n.cap, p_total), p_total - cardinality(taken))
            for update of j skip locked);
    end loop;
    return query
        with begun as (
            update jobs_active j set status = 'doing', worker_id = p_worker, started_at = clock_timestamp()
            where j.id = any (taken)
            returning j.id, j.queue_name, j.task_name, j.args, j.attempts, j.failures, j.limit_key
        ), counted as (
            insert into limit_starts (key, started_at)
            select l.key, clock_timestamp() from begun b join limits l on l.key = b.limit_key
            where b.limit_key is not null and l.starts is not null
        )
        select b.id, b.queue_name, b.task_name, b.args, b.attempts, b.failures from begun b;
end $$;
