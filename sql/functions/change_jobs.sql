-- What users ask of a job: cancel, try again, delete.

-- Pending jobs are cancelled at once, with the steps that wait for them; the workers of running ones are told. Gives the
-- ids that were acted on.
create or replace function cancel_jobs(p_ids bigint[]) returns bigint[] language plpgsql as $$
begin
    perform from jobs_active where id = any (p_ids) and waits_for is distinct from 'jobs' order by id for update;
    return array(select id from cancel_free_jobs(p_ids));
end $$;

-- As cancel_jobs, without those that somebody else holds.
create or replace function cancel_free_jobs(p_ids bigint[]) returns table (id bigint, is_asked boolean)
language plpgsql as $$
#variable_conflict use_column
declare
    held bigint[];
    cancelled bigint[];
    asked record;
begin
    -- As far as can be before the lock of the pipelines: even skip locked waits for a row that changes meanwhile.
    held := array(select id from jobs_active where id = any (p_ids) and waits_for is distinct from 'jobs'
                  for update skip locked);
    perform lock_graphs(array(select graph_id from jobs_active where id = any (p_ids) and status = 'todo'));
    held := held || array(select id from jobs_active where id = any (p_ids) and id <> all (held) for update skip locked);
    cancelled := cancel_pending(held);
    return query select unnest(cancelled || cancel_steps_after(cancelled)), false;
    for asked in
        update jobs_active set abort_requested = true where id = any (held) and status = 'doing'
        returning id, queue_name
    loop
        perform pg_notify(channel, json_build_object('type', 'abort_job_requested', 'job_id', asked.id)::text)
            from unnest(array['procrastinate_any_queue_v1', 'procrastinate_queue_v1#' || asked.queue_name]) channel;
        return query select asked.id, true;
    end loop;
end $$;

-- Gives the ids of those that were pending.
create or replace function cancel_pending(p_ids bigint[]) returns bigint[] language plpgsql as $$
declare
    cancelled bigint[];
    freed text[];
begin
    with gone as (
        delete from jobs_active where id = any (p_ids) and status = 'todo' returning *
    ), history as (
        insert into jobs_finished
            (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts,
             abort_requested, created_at, finished_at, unique_key, limit_key, graph_id, failures, losses)
        select id, queue_name, task_name, priority, lock, queueing_lock, args, 'cancelled', scheduled_at, attempts,
               true, created_at, clock_timestamp(), unique_key, limit_key, graph_id, failures, losses
        from gone
    )
    select array_agg(id), array_agg(distinct limit_key) filter (where waits_for is null and limit_key is not null)
        into cancelled, freed from gone;
    if freed is not null then
        perform wake_limited_jobs(freed);
    end if;
    return coalesce(cancelled, '{}');
end $$;

-- Failed and cancelled jobs go back into their queues, with the failed and cancelled steps that wait for them; their
-- failures so far no longer count. A step after one that failed or was cancelled, and is not among them, stays as it is.
-- Gives the ids of those that went back.
create or replace function retry_jobs(p_ids bigint[]) returns bigint[] language plpgsql as $$
declare
    graphs bigint[];
    restored bigint[];
begin
    graphs := array(select distinct graph_id from jobs_finished where id = any (p_ids) and graph_id is not null);
    -- One at a time for each pipeline: with rows alone, one that finished meanwhile is held out of order.
    perform pg_advisory_xact_lock(k.key) from (
        select hashint8extended(g.id, 7236054815) as key from unnest(graphs) as g (id) order by key) k;
    -- No clean-up may take away some of the steps meanwhile.
    perform from jobs_finished where graph_id = any (graphs) order by id for update;
    with recursive wanted as (
        select id from jobs_finished where id = any (p_ids) and status in ('failed', 'cancelled', 'aborted')
        union
        select e.job_id from wanted w join graph_edges e on e.parent_id = w.id
    ), gone as (
        delete from jobs_finished f using wanted w
        where f.id = w.id and f.status in ('failed', 'cancelled', 'aborted')
        returning f.*
    ), back as (
        insert into jobs_active (id, queue_name, task_name, priority, lock, queueing_lock, args, attempts, created_at,
                                 waits_for, unique_key, limit_key, graph_id)
        select id, queue_name, task_name, priority, lock, queueing_lock, args - 'inputs', attempts, created_at,
               case when graph_id is not null then 'jobs' when limit_key is not null then 'limit' end, unique_key,
               limit_key, graph_id
        from gone order by unique_key  -- in one order for all: each may have to wait for the key's last holder
        returning id, queue_name, waits_for
    ), told as (
        select notify_ready(queue_name) from (
            select distinct queue_name from back where waits_for is distinct from 'jobs') ready
    )
    select array_agg(id) into restored from back, (select count(*) from told) t;
    if cardinality(graphs) > 0 then
        perform lock_graphs(graphs);
        perform cancel_steps_after(array(
            select f.id from graph_edges e join jobs_finished f on f.id = e.parent_id
            where e.job_id = any (restored) and f.status <> 'succeeded'));
        perform ready_steps(restored);
    end if;
    return array(select id from jobs_active where id = any (restored));
end $$;

-- One job, for procrastinate. False when it cannot go back.
create or replace function retry_job(p_job bigint) returns boolean language sql as $$
    select p_job = any (retry_jobs(array[p_job]))
$$;

-- Whether a job finished longer ago than jobs of its status are kept; null keeps them for ever.
create or replace function was_kept_long_enough(
    p_status procrastinate_job_status, p_finished_at timestamptz, p_completed interval, p_failed interval, p_cancelled interval
) returns boolean language sql stable as $$
    select coalesce(p_finished_at < now() - case p_status
        when 'succeeded' then p_completed when 'failed' then p_failed else p_cancelled end, false)
$$;

-- Deletes a batch of jobs that were kept long enough: about p_limit of them. The steps of a pipeline go together, and
-- only when the last of them is old enough: those that have completed are needed when it is resumed.
create or replace function delete_finished_jobs(
    p_completed interval, p_failed interval, p_cancelled interval, p_limit integer
) returns bigint language plpgsql as $$
declare
    old bigint[];
begin
    old := old_jobs('succeeded', p_completed, p_limit);
    old := old || old_jobs('failed', p_failed, p_limit - cardinality(old));
    old := old || old_jobs('cancelled', p_cancelled, p_limit - cardinality(old));
    if cardinality(old) = 0 then
        with held as (
            select f.id, f.graph_id from jobs_finished f
            where f.graph_id = any (old_graphs(p_completed, p_failed, p_cancelled, greatest(1, p_limit / 100)))
            for update skip locked
        )
        select array_agg(h.id) into old from held h
            where (select count(*) from held o where o.graph_id = h.graph_id)
                = (select count(*) from jobs_finished f where f.graph_id = h.graph_id);
    end if;
    return delete_jobs(coalesce(old, '{}'));
end $$;

-- Locks jobs outside of pipelines that finished so long ago, from the oldest on. Ids come in the order of created_at, and no
-- job has finished before it was created: the walk ends where jobs are too young, and never goes through the history.
-- Not at the first of them: the clock may have been ahead for a while.
create or replace function old_jobs(p_status procrastinate_job_status, p_kept interval, p_limit integer)
returns bigint[] language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    before timestamptz := now() - p_kept;
    young integer := 0;
    old bigint[] := '{}';
    walk refcursor;
    job record;
begin
    if p_kept is null or p_limit <= 0 then
        return old;
    end if;
    -- Each with the index that has these jobs only.
    if p_status = 'succeeded' then
        open walk for select id, created_at, finished_at from jobs_finished
            where status = 'succeeded' and graph_id is null order by id;
    elsif p_status = 'failed' then
        open walk for select id, created_at, finished_at from jobs_finished
            where status = 'failed' and graph_id is null order by id;
    else
        open walk for select id, created_at, finished_at from jobs_finished
            where status in ('cancelled', 'aborted') and graph_id is null order by id;
    end if;
    loop
        fetch walk into job;
        exit when not found or young >= 1000 or cardinality(old) >= p_limit;
        if job.finished_at < before then
            perform from jobs_finished f where f.id = job.id and f.finished_at < before for update skip locked;
            if found then
                old := old || job.id;
            end if;
        end if;
        young := case when job.created_at < before then 0 else young + 1 end;
    end loop;
    close walk;
    return old;
end $$;

-- As old_jobs: pipelines of which all steps were kept long enough.
create or replace function old_graphs(p_completed interval, p_failed interval, p_cancelled interval, p_limit integer)
returns bigint[] language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    before timestamptz := now() - least(p_completed, p_failed, p_cancelled);
    young integer := 0;
    old bigint[] := '{}';
    last bigint := 0;
    step record;
begin
    for step in select graph_id, created_at from jobs_finished where graph_id is not null order by graph_id loop
        exit when before is null or young >= 1000 or cardinality(old) >= p_limit;
        young := case when step.created_at < before then 0 else young + 1 end;
        if step.graph_id <> last
           and not exists (select from jobs_active a where a.graph_id = step.graph_id)
           and not exists (
               select from jobs_finished f where f.graph_id = step.graph_id
                 and not was_kept_long_enough(f.status, f.finished_at, p_completed, p_failed, p_cancelled)) then
            old := old || step.graph_id;
        end if;
        last := step.graph_id;
    end loop;
    return old;
end $$;

-- Deletes finished jobs with all that belongs to them. Gives how many.
create or replace function delete_jobs(p_ids bigint[]) returns bigint language sql as $$
    with deleted as (
        delete from procrastinate_jobs
        where id = any (p_ids) and status in ('succeeded', 'failed', 'cancelled', 'aborted')
        returning id
    )
    select count(*) from deleted
$$;

-- A partitioned table cannot be referenced by its id alone, so this stands for the foreign keys.
create or replace function forget_deleted_jobs() returns trigger language plpgsql as $$
begin
    delete from job_runs r using gone where r.job_id = gone.id;
    delete from pipeline_jobs p using gone where p.pipeline_id = gone.id;
    delete from graph_edges e using gone where e.job_id = gone.id or e.parent_id = gone.id;
    update procrastinate_periodic_defers d set job_id = null from gone where d.job_id = gone.id;
    return null;
end $$;

create or replace trigger forget_deleted_jobs after delete on procrastinate_jobs
    referencing old table as gone for each statement execute function forget_deleted_jobs();
