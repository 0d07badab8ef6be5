-- What users ask of a job: cancel, try again, delete.

-- Pending jobs are cancelled at once; the workers of running ones are told. Gives the ids that were acted on.
create or replace function cancel_jobs(p_ids bigint[]) returns bigint[] language plpgsql as $$
declare
    acted bigint[];
    asked record;
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
    select array_agg(id) into acted from gone;
    for asked in
        update jobs_active set abort_requested = true where id = any (p_ids) and status = 'doing'
        returning id, queue_name
    loop
        acted := acted || asked.id;
        perform pg_notify(channel, json_build_object('type', 'abort_job_requested', 'job_id', asked.id)::text)
            from unnest(array['procrastinate_any_queue_v1', 'procrastinate_queue_v1#' || asked.queue_name]) channel;
    end loop;
    return coalesce(acted, '{}');
end $$;

-- A failed or cancelled job goes back into its queue; its failures so far no longer count. False when it is neither.
create or replace function retry_job(p_job bigint) returns boolean language plpgsql as $$
declare
    queue text;
begin
    with gone as (
        delete from jobs_finished where id = p_job and status in ('failed', 'cancelled', 'aborted') returning *
    )
    insert into jobs_active (id, queue_name, task_name, priority, lock, queueing_lock, args, attempts, created_at,
                             waits_for, unique_key, limit_key, graph_id)
    select id, queue_name, task_name, priority, lock, queueing_lock, args, attempts, created_at,
           case when still_waits_in_graph(id) then 'jobs' when limit_key is not null then 'limit' end, unique_key,
           limit_key, graph_id
    from gone
    returning queue_name into queue;
    if not found then
        return false;
    end if;
    perform notify_ready(queue);
    return true;
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
