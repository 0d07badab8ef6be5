-- Ends attempts, each only if it still holds its job: (id, attempts) is the fencing token, attempts grows at every
-- end. Job and run change together. An attempt that is not in the answer was lost. p_holder is the number of the worker,
-- where it says so: a server that takes over without the last words of the one before hands the same attempt out again,
-- to another worker.

-- Of earlier releases: called with fewer values, they would be found first.
drop function if exists complete_runs(text, bigint[], integer[], jsonb, bigint[]);
drop function if exists complete_runs(text, bigint[], integer[], jsonb, bigint[], bigint);
drop function if exists record_ends(text, jsonb);

-- The usual end: completed, nothing else to say. p_results has the results by job id; null if there is none.
create or replace function complete_runs(p_worker text, p_ids bigint[], p_attempts integer[], p_results jsonb)
returns bigint[] language plpgsql as $$
declare
    recorded record;
begin
    recorded := record_completions(p_worker, p_ids, p_attempts, p_results);
    perform advance_graphs(recorded.steps);
    return recorded.ended;
end $$;

-- As complete_runs, for who advances the pipelines itself: steps are those of pipelines that have ended; null if none is.
create or replace function record_completions(
    p_worker text, p_ids bigint[], p_attempts integer[], p_results jsonb, p_holder bigint default null,
    out ended bigint[], out steps bigint[]
) language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    how_many bigint;
    others_wait boolean;
    is_in_graph boolean;
begin
    with gone as (
        -- No join: with old statistics the planner would compare each active job with each of these.
        delete from jobs_active j
        where j.id = any (p_ids) and j.status <> 'todo' and (p_holder is null or j.worker_id = p_holder)
          and ((j.id, j.attempts + 1) in (select * from unnest(p_ids, p_attempts))) is true
        returning j.*
    ), history as (
        insert into jobs_finished
            (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts,
             worker_id, created_at, started_at, finished_at, unique_key, limit_key, graph_id, failures, losses)
        select id, queue_name, task_name, priority, lock, queueing_lock, args, 'succeeded', scheduled_at, attempts + 1,
               worker_id, created_at, started_at, clock_timestamp(), unique_key, limit_key, graph_id, failures, losses
        from gone
    ), runs as (
        insert into job_runs (job_id, attempt, worker, started_at, finished_at, outcome, progress, result)
        select id, attempts + 1, p_worker, started_at, clock_timestamp(), 'completed', 1,
               p_results -> id::text
        from gone
    )
    select count(*), bool_or(lock is not null or limit_key is not null), bool_or(graph_id is not null)
        into how_many, others_wait, is_in_graph
        from gone;
    if others_wait then
        perform notify_ready(queue_name) from (
            select distinct f.queue_name from jobs_finished f where f.id = any (p_ids) and f.lock is not null) w;
        perform wake_limited_jobs(array(
            select distinct f.limit_key from jobs_finished f where f.id = any (p_ids) and f.limit_key is not null));
    end if;
    if is_in_graph then
        steps := array(select f.id from jobs_finished f where f.id = any (p_ids) and f.graph_id is not null);
    end if;
    ended := p_ids;
    if how_many < cardinality(p_ids) then
        ended := array(select e.id from unnest(p_ids, p_attempts) as e (id, attempt)
                       join job_runs r on r.job_id = e.id and r.attempt = e.attempt and r.outcome = 'completed');
    end if;
end $$;

-- Any end. With retry_in (seconds) the job goes back to its queue, unless a user has cancelled it meanwhile or its
-- worker was lost for the third time: a job that kills its worker must not come back for ever. 'released' is no end:
-- the job was taken ahead and not begun.
create or replace function end_runs(p_worker text, p_ends jsonb)
returns table (job_id bigint, new_status text) language plpgsql as $$
declare
    recorded record;
    steps bigint[];
begin
    for recorded in select * from record_ends(p_worker, p_ends) loop
        job_id := recorded.job_id;
        new_status := recorded.new_status;
        if recorded.ended_step is not null then
            steps := steps || recorded.ended_step;
        end if;
        return next;
    end loop;
    perform advance_graphs(steps);
end $$;

-- As end_runs, for who advances the pipelines itself: ended_step is the job, if it is a step that has ended for good.
create or replace function record_ends(p_worker text, p_ends jsonb, p_holder bigint default null)
returns table (job_id bigint, new_status text, ended_step bigint) language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    return query
    with e as materialized (
        select * from jsonb_to_recordset(p_ends) as e (
            id bigint, attempt integer, outcome text, retry_in double precision, result jsonb, error_kind text,
            error text, trace text, progress double precision, step text, message text, has_begun boolean)
    ), held as materialized (
        select j.id, e.attempt, e.result, e.error_kind, e.error, e.trace, e.progress, e.step, e.message, e.has_begun,
               j.graph_id, j.limit_key, e.retry_in is null or j.abort_requested or (e.outcome = 'lost' and j.losses >= 2) as is_final,
               case when e.retry_in is not null and j.abort_requested then 'cancelled' else e.outcome end as outcome,
               case when e.retry_in > 0 then clock_timestamp() + e.retry_in * interval '1 second' end as due_at
        from e cross join lateral (
            select * from jobs_active a
            where a.id = e.id and a.status <> 'todo' and a.attempts = e.attempt - 1
              and (p_holder is null or a.worker_id = p_holder)
            limit 1 for update) j
    ), gone as (
        delete from jobs_active j using held h where j.id = h.id and h.is_final returning j.*, h.outcome
    ), history as (
        insert into jobs_finished
            (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts,
             worker_id, created_at, started_at, finished_at, unique_key, limit_key, graph_id, failures, losses)
        select id, queue_name, task_name, priority, lock, queueing_lock, args,
               (case outcome when 'completed' then 'succeeded' when 'cancelled' then 'aborted'
                    else 'failed' end)::procrastinate_job_status,
               scheduled_at, attempts + 1, worker_id, created_at, started_at, clock_timestamp(), unique_key, limit_key, graph_id,
               failures + (outcome = 'failed')::int, losses + (outcome = 'lost')::int
        from gone
    ), back as (
        update jobs_active j
        set status = 'todo', attempts = j.attempts + (h.outcome <> 'released')::int, worker_id = null,
            started_at = null, scheduled_at = h.due_at,
            waits_for = case when h.due_at is not null then 'time' when j.limit_key is not null then 'limit' end,
            failures = j.failures + (h.outcome = 'failed')::int, losses = case h.outcome when 'snoozed' then 0 else j.losses + (h.outcome = 'lost')::int end
        from held h where j.id = h.id and not h.is_final
        returning j.queue_name, j.waits_for
    ), woken as (
        select queue_name from back where waits_for is distinct from 'time'
        union select queue_name from gone where lock is not null
    ), not_started as (
        delete from limit_starts s where s.ctid in (
            select latest.place
            from (select h.limit_key as key, count(*) as starts from held h
                  where (h.outcome = 'released' or not h.has_begun) and h.limit_key is not null group by h.limit_key) r
            cross join lateral (
                select l.ctid as place from limit_starts l where l.key = r.key
                order by l.started_at desc limit r.starts) latest)
    ), freed as (
        select wake_limited_jobs(array(select distinct h.limit_key from held h where h.limit_key is not null))
    ), runs as (
        insert into job_runs as r (job_id, attempt, worker, started_at, finished_at, outcome, result, error_kind,
                                   error, trace, progress, step, message)
        select h.id, h.attempt, p_worker, coalesce(j.started_at, clock_timestamp()), clock_timestamp(), h.outcome,
               h.result, h.error_kind, h.error, h.trace,
               case h.outcome when 'completed' then 1 else coalesce(h.progress, 0) end,
               coalesce(h.step, ''), coalesce(h.message, '')
        from held h join jobs_active j on j.id = h.id
        where h.outcome <> 'released'
        on conflict on constraint job_runs_pkey do update
            set finished_at = excluded.finished_at, outcome = excluded.outcome, result = excluded.result,
                error_kind = excluded.error_kind, error = excluded.error, trace = excluded.trace,
                progress = greatest(excluded.progress, r.progress),
                step = case excluded.step when '' then r.step else excluded.step end,
                message = case excluded.message when '' then r.message else excluded.message end
    ), steps as (
        update pipeline_jobs p
        set status = case when h.outcome in ('failed', 'cancelled') then h.outcome else 'pending' end,
            finished_at = clock_timestamp(), error = coalesce(p.error, h.error)
        from held h where p.pipeline_id = h.id and p.status = 'running'
    ), told as (
        select notify_ready(queue_name) from woken
    )
    select h.id,
           case when not h.is_final then 'pending'
                when h.outcome in ('completed', 'cancelled') then h.outcome else 'failed' end,
           case when h.is_final and h.graph_id is not null then h.id end
    from held h, (select count(*) from told) t, (select count(*) from freed) f;
end $$;

-- One attempt's end, for who has no batch.
create or replace function end_run(
    p_job bigint, p_attempt integer, p_worker text, p_outcome text, p_retry_in double precision, p_result jsonb,
    p_error_kind text, p_error text, p_trace text, p_progress double precision, p_step text, p_message text
) returns text language sql as $$
    select new_status from end_runs(p_worker, jsonb_build_array(jsonb_build_object(
        'id', p_job, 'attempt', p_attempt, 'outcome', p_outcome, 'retry_in', p_retry_in, 'result', p_result,
        'error_kind', p_error_kind, 'error', p_error, 'trace', p_trace,
        'progress', p_progress, 'step', p_step, 'message', p_message)))
$$;
