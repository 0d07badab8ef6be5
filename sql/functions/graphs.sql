-- Pipelines: jobs that wait for others to complete, and are given their results.
--
-- A job that waits for others (waits_for = 'jobs') is changed only under the lock of its pipeline. That lock comes
-- last: a transaction that takes it holds already whatever else it must wait for (rows of other jobs, unique keys),
-- and takes those of several pipelines in one go, in one order. So who holds one is never kept waiting.

create or replace function lock_graphs(p_graphs bigint[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(k.key) from (
        select distinct hashint8extended(g.id, 7236054813) as key from unnest(p_graphs) as g (id)
        where g.id is not null order by key) k;
end $$;

-- What follows from the end of these steps: those after a completed one become ready when all that they wait for has
-- completed; those after one that failed or was cancelled will never run, and are cancelled. Once in a transaction.
create or replace function advance_graphs(p_ended bigint[]) returns void language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    if coalesce(cardinality(p_ended), 0) = 0 then
        return;
    end if;
    perform lock_graphs(array(select f.graph_id from jobs_finished f where f.id = any (p_ended)));
    perform cancel_steps_after(array(
        select f.id from jobs_finished f where f.id = any (p_ended) and f.status <> 'succeeded'));
    perform ready_steps(array(
        select e.job_id from jobs_finished f join graph_edges e on e.parent_id = f.id
        where f.id = any (p_ended) and f.status = 'succeeded'));
end $$;

-- Under the lock: those of the steps that wait for nothing more become ready. args.inputs then holds the results of
-- the jobs waited for, by the names of their steps.
create or replace function ready_steps(p_ids bigint[]) returns void language plpgsql as $$
declare
    queue text;
begin
    for queue in
        with ready as (
            update jobs_active j
            set waits_for = case when j.scheduled_at > clock_timestamp() then 'time'
                                 when j.limit_key is not null then 'limit' end,
                args = j.args || jsonb_build_object('inputs', graph_inputs(j.id))
            where j.id = any (p_ids) and j.waits_for = 'jobs' and not still_waits_in_graph(j.id)
            returning j.queue_name, j.waits_for
        )
        select distinct queue_name from ready where waits_for is distinct from 'time'
    loop
        perform notify_ready(queue);
    end loop;
end $$;

-- Under the lock: cancels all that waits for these, and what waits for that. Gives the ids.
create or replace function cancel_steps_after(p_ids bigint[]) returns bigint[] language plpgsql as $$
declare
    cancelled bigint[];
begin
    if coalesce(cardinality(p_ids), 0) = 0 then
        return '{}';
    end if;
    cancelled := cancel_pending(array(
        with recursive later as (
            select e.job_id from graph_edges e where e.parent_id = any (p_ids)
            union
            select e.job_id from later l join graph_edges e on e.parent_id = l.job_id
        )
        select j.id from later l join jobs_active j on j.id = l.job_id where j.waits_for = 'jobs'));
    -- A notification has less than 8,000 bytes; the star says that any job may have changed.
    perform pg_notify('matchday_jobs', case when cardinality(cancelled) > 300 then '*'
                                            else array_to_string(cancelled, ',') end)
        where cardinality(cancelled) > 0;
    return cancelled;
end $$;

create or replace function still_waits_in_graph(p_job bigint) returns boolean language sql stable as $$
    select exists (
        select from graph_edges e
        where e.job_id = p_job
          and not exists (select from jobs_finished f where f.id = e.parent_id and f.status = 'succeeded'))
$$;

create or replace function graph_inputs(p_job bigint) returns jsonb language sql stable as $$
    select coalesce(jsonb_object_agg(f.args #>> '{meta,step}', r.result), '{}')
    from graph_edges e
    join jobs_finished f on f.id = e.parent_id
    left join job_runs r on r.job_id = f.id and r.attempt = f.attempts
    where e.job_id = p_job
$$;
