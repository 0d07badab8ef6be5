-- Who works, who has died, and what becomes of their jobs. The database's clock decides.

-- A sign of life. False when the worker was declared dead meanwhile.
create or replace function worker_beat(p_worker bigint, p_running integer, p_memory bigint, p_polls boolean)
returns boolean language plpgsql as $$
begin
    update procrastinate_workers
        set last_heartbeat = clock_timestamp(), running = p_running, memory_bytes = p_memory, polls = p_polls
        where id = p_worker;
    return found;
end $$;

-- Returns the jobs of workers that are gone or silent for too long. Only one session at a time works at it. A job lost
-- again waits a while, and never as long as the one beside it: whichever of them kills workers is then found alone.
create or replace function rescue_jobs() returns table (job_id bigint, new_status text)
language plpgsql as $$
declare
    ends jsonb;
begin
    if not pg_try_advisory_xact_lock(7236054812) then
        return;
    end if;
    delete from procrastinate_workers where last_heartbeat < clock_timestamp() - silent_after;
    select jsonb_agg(jsonb_build_object(
            'id', lost.id, 'attempt', lost.attempts + 1, 'outcome', 'lost', 'error_kind', 'lost',
            'error', 'its worker was lost',
            'retry_in', case when lost.losses = 0 then 0 else 5 + 20 * random() end))
        into ends
        from (select j.id, j.attempts, j.losses from jobs_active j
              where j.status = 'doing' and not exists (select from procrastinate_workers w where w.id = j.worker_id)
              limit 1000 for update of j skip locked) lost;
    if ends is not null then
        return query select * from end_runs('lost', ends);
    end if;
end $$;

-- Jobs whose time has come become ready. Gives the seconds until the next one's, at most p_most.
create or replace function ready_due_jobs(p_most double precision) returns double precision language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    -- A variable can bound the walk through the index; the volatile function would be asked at each entry.
    moment timestamptz := clock_timestamp();
    queue text;
begin
    for queue in
        with due as (
            select id from jobs_active
            where status = 'todo' and waits_for = 'time' and scheduled_at <= moment
            order by scheduled_at limit 1000 for update skip locked
        ), ready as (
            update jobs_active j set waits_for = case when j.limit_key is not null then 'limit' end
            from due where j.id = due.id
            returning j.queue_name, j.waits_for
        )
        select distinct queue_name from ready where waits_for is null
    loop
        perform notify_ready(queue);
    end loop;
    return least(p_most, (
        select greatest(0, extract(epoch from scheduled_at - clock_timestamp())) from jobs_active
        where status = 'todo' and waits_for = 'time' order by scheduled_at limit 1));
end $$;
