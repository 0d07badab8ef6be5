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
    n record;
    left_over integer := p_total;
    taken integer;
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
        exit when left_over <= 0;
        -- By its place in the table, which a locked row keeps, and in the order of the locks.
        return query
            with ready as materialized (
                select r.ctid as place from jobs_active r
                where r.queue_name = n.name and r.status = 'todo' and r.waits_for is null
                  and (r.lock is null or not exists (
                      select from jobs_active o
                      where o.lock = r.lock and (o.status = 'doing' or (o.status = 'todo' and (
                          o.priority > r.priority or (o.priority = r.priority and o.id < r.id))))))
                order by r.priority desc, r.id
                limit least(coalesce(n.cap, p_total), left_over)
                for update of r skip locked
            )
            update jobs_active j set status = 'doing', worker_id = p_worker, started_at = clock_timestamp()
            from ready where j.ctid = ready.place
            returning j.id, j.queue_name, j.task_name, j.args, j.attempts, j.failures;
        get diagnostics taken = row_count;
        left_over := left_over - taken;
    end loop;
end $$;

create or replace function count_limited_start() returns trigger language plpgsql as $$
begin
    insert into limit_starts (key, started_at)
        select l.key, new.started_at from limits l where l.key = new.limit_key and l.starts is not null;
    return null;
end $$;

create or replace trigger count_limited_start after update of status on jobs_active
    for each row when (new.limit_key is not null and new.status = 'doing' and old.status = 'todo')
    execute function count_limited_start();
