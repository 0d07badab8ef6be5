-- Takes ready jobs for a worker: at most p_total, and of a queue that has a cap at most that many. The order is priority,
-- then age; among queues, the most urgent job comes first.
--
-- Index entries of jobs that are gone are walked over at each fetch as long as some old transaction may still see them.
-- Where that takes long, and p_may_remember, rows without a task_name say where the ready jobs of each queue and
-- priority (in attempt) began; given back as p_after_..., only jobs from there on are looked at. What becomes ready
-- before it, by a retry say, is found by the next call without them. Number 0 of no queue says that there were none.
--
-- The planner's settings are part of the function: with statistics that are old, or of an empty table, it would
-- otherwise walk whole indexes for each job, and a session keeps its plans. That it keeps them is part of it too: to plan
-- anew for the values of each call costs as much as the call.
create or replace function fetch_jobs(
    p_worker bigint, p_queues text[], p_capped text[], p_caps integer[], p_total integer, p_may_remember boolean default false,
    p_after_queues text[] default null, p_after_priorities integer[] default null, p_after_ids bigint[] default null
) returns table (
    id bigint, queue_name varchar, task_name varchar, args jsonb, attempt integer, failures smallint
) language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_sort = off as $$
#variable_conflict use_column
declare
    begun_at timestamptz := clock_timestamp();
    is_slow boolean;
    caps integer[] := p_caps;
    left_over integer := p_total;
    taken integer;
    n record;
begin
    for n in
        with recursive found as (
            (select j.queue_name, j.priority, j.id as head from jobs_active j
                where j.status = 'todo' and j.waits_for is null and p_after_queues is null and p_queues is null
                order by j.queue_name, j.priority desc, j.id limit 1)
            union all
            select first.queue_name, first.priority, first.head from unnest(p_queues) as q (name) cross join lateral (
                select j.queue_name, j.priority, j.id as head from jobs_active j
                where j.status = 'todo' and j.waits_for is null and p_after_queues is null and j.queue_name = q.name
                order by j.queue_name, j.priority desc, j.id limit 1) first
            union all
            select next.queue_name, next.priority, next.head from found f cross join lateral (
                (select j.queue_name, j.priority, j.id as head from jobs_active j
                    where j.status = 'todo' and j.waits_for is null
                      and j.queue_name = f.queue_name and j.priority < f.priority
                    order by j.priority desc, j.id limit 1)
                union all
                (select j.queue_name, j.priority, j.id from jobs_active j
                    where j.status = 'todo' and j.waits_for is null and j.queue_name > f.queue_name and p_queues is null
                    order by j.queue_name, j.priority desc, j.id limit 1)
                limit 1) next
        ), heads as (
            select f.queue_name, f.priority, f.head from found f
            union all
            select a.queue_name, a.priority, next.head
            from unnest(p_after_queues, p_after_priorities, p_after_ids) as a (queue_name, priority, id)
            cross join lateral (
                select j.id as head from jobs_active j
                where j.queue_name = a.queue_name and j.priority = a.priority and j.id >= a.id
                  and j.status = 'todo' and j.waits_for is null
                order by j.id limit 1) next
        )
        select h.queue_name, h.priority, h.head, array_position(p_capped, h.queue_name::text) as cap
        from heads h
        where (p_queues is null or h.queue_name = any (p_queues))
          and not exists (select from queues q where q.name = h.queue_name and q.paused_at is not null)
        order by h.priority desc, h.head
    loop
        -- At the first head all have been found. All are told or none: of some, the most urgent could be missing.
        is_slow := coalesce(is_slow, clock_timestamp() - begun_at > interval '2 ms');
        if p_may_remember and (is_slow or p_after_queues is not null) then
            id := n.head;
            queue_name := n.queue_name;
            attempt := n.priority;
            return next;
        end if;
        continue when left_over <= 0;
        -- By its place in the table, which a locked row keeps, and in the order of the locks.
        return query
            with ready as materialized (
                select r.ctid as place from jobs_active r
                where r.queue_name = n.queue_name and r.priority = n.priority and r.id >= n.head
                  and r.status = 'todo' and r.waits_for is null
                  and (r.lock is null or not exists (
                      select from jobs_active o
                      where o.lock = r.lock and (o.status = 'doing' or (o.status = 'todo' and (
                          o.priority > r.priority or (o.priority = r.priority and o.id < r.id))))))
                order by r.id
                limit least(coalesce(caps[n.cap], p_total), left_over)
                for update of r skip locked
            )
            update jobs_active j set status = 'doing', worker_id = p_worker, started_at = clock_timestamp()
            from ready where j.ctid = ready.place
            returning j.id, j.queue_name, j.task_name, j.args, j.attempts + 1, j.failures;
        get diagnostics taken = row_count;
        left_over := left_over - taken;
        if n.cap is not null then
            caps[n.cap] := caps[n.cap] - taken;
        end if;
    end loop;
    if is_slow is null and p_may_remember and p_after_queues is null and clock_timestamp() - begun_at > interval '2 ms' then
        id := 0;
        queue_name := '';
        attempt := 0;
        return next;
    end if;
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
