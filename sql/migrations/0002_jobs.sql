-- What matchday keeps of a job beside procrastinate's row: when it came, each attempt, the fenced start and end.

alter table procrastinate_jobs add column created_at timestamptz not null default now();
create index job_created_idx on procrastinate_jobs (created_at desc, id desc);
create index job_type_idx on procrastinate_jobs (task_name, created_at desc, id desc);

-- At most one active job per unique key; running counts, so a retry can never collide with a waiting twin.
create unique index job_active_key on procrastinate_jobs ((args #>> '{meta,unique_key}'))
    where status in ('todo', 'doing');

create function job_status(status procrastinate_job_status) returns text
    language sql immutable parallel safe as $$
    select case status
        when 'todo' then 'pending' when 'doing' then 'running' when 'succeeded' then 'completed'
        when 'failed' then 'failed' else 'cancelled' end
$$;
create index job_status_idx on procrastinate_jobs (job_status(status), created_at desc, id desc);

create table job_runs (
    job_id bigint not null references procrastinate_jobs on delete cascade,
    attempt integer not null check (attempt > 0),
    worker text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    outcome text check (outcome in ('completed', 'failed', 'cancelled', 'interrupted', 'lost')),
    progress double precision not null default 0 check (progress between 0 and 1),
    step text not null default '',
    message text not null default '',
    result jsonb,
    error_kind text check (error_kind in ('error', 'timeout', 'memory', 'crash', 'lost')),
    error text,
    trace text,
    primary key (job_id, attempt),
    check ((finished_at is null) = (outcome is null)),
    check ((error is null) = (error_kind is null))
);
comment on table job_runs is 'One row is one attempt at a job: who ran it, how far it came, how it ended.';

create table pipeline_jobs (
    pipeline_id bigint not null references procrastinate_jobs on delete cascade,
    step text not null,
    position smallint not null check (position > 0),
    status text not null check (status in ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped')),
    attempt integer not null check (attempt > 0),
    started_at timestamptz,
    finished_at timestamptz,
    counts jsonb not null default '{}',
    error text,
    primary key (pipeline_id, step),
    unique (pipeline_id, position),
    check (status <> 'completed' or finished_at is not null)
);
comment on table pipeline_jobs is 'One row is one step of a pipeline, as its latest attempt left it.';

-- Tells the workers of a queue that a job is ready: procrastinate itself notifies only at an insert.
create function notify_job_ready(p_job bigint, p_queue text) returns void language plpgsql as $$
declare
    payload constant text := json_build_object('type', 'job_inserted', 'job_id', p_job)::text;
begin
    perform pg_notify('procrastinate_queue_v1#' || p_queue, payload);
    perform pg_notify('procrastinate_any_queue_v1', payload);
end $$;

-- Opens the run of an attempt. Gives the number of failed runs before it, or null when the attempt was lost.
create function open_run(p_job bigint, p_attempt integer, p_worker text) returns integer language plpgsql as $$
begin
    perform from procrastinate_jobs
        where id = p_job and status = 'doing' and attempts = p_attempt - 1
        for share;
    if not found then
        return null;
    end if;
    insert into job_runs (job_id, attempt, worker) values (p_job, p_attempt, p_worker)
        on conflict do nothing;
    return (select count(*) from job_runs where job_id = p_job and outcome = 'failed');
end $$;

-- Ends an attempt: job, run and steps together, and only by whoever still holds it. Gives the job's new status,
-- or null when the attempt was lost. (id, attempts) is the fencing token: attempts grows at every end.
create function end_run(
    p_job bigint, p_attempt integer, p_worker text, p_outcome text, p_retry_at timestamptz, p_result jsonb,
    p_error_kind text, p_error text, p_trace text, p_progress double precision, p_step text, p_message text
) returns text language plpgsql as $$
declare
    held record;
begin
    select abort_requested, queue_name into held from procrastinate_jobs
        where id = p_job and status = 'doing' and attempts = p_attempt - 1
        for update;
    if not found then
        return null;
    end if;
    if held.abort_requested and p_retry_at is not null then  -- cancelled meanwhile: it must not come back
        p_retry_at := null;
        p_outcome := 'cancelled';
    end if;
    insert into job_runs as r (job_id, attempt, worker, finished_at, outcome, result, error_kind, error, trace,
                               progress, step, message)
        values (p_job, p_attempt, p_worker, clock_timestamp(), p_outcome, p_result, p_error_kind, p_error, p_trace,
                case p_outcome when 'completed' then 1 else coalesce(p_progress, 0) end,
                coalesce(p_step, ''), coalesce(p_message, ''))
        on conflict (job_id, attempt) do update
            set finished_at = excluded.finished_at, outcome = excluded.outcome, result = excluded.result,
                error_kind = excluded.error_kind, error = excluded.error, trace = excluded.trace,
                progress = case p_outcome when 'completed' then 1 else coalesce(p_progress, r.progress) end,
                step = coalesce(p_step, r.step), message = coalesce(p_message, r.message);
    update pipeline_jobs
        set status = case when p_outcome in ('failed', 'cancelled') then p_outcome else 'pending' end,
            finished_at = clock_timestamp(), error = coalesce(error, p_error)
        where pipeline_id = p_job and status = 'running';
    if p_retry_at is not null then
        perform procrastinate_retry_job_v2(p_job, p_retry_at, null, null, null);
        if p_retry_at <= now() then
            perform notify_job_ready(p_job, held.queue_name);
        end if;
        return 'pending';
    end if;
    perform procrastinate_finish_job_v1(p_job, (case p_outcome
        when 'completed' then 'succeeded' when 'cancelled' then 'aborted' else 'failed' end
    )::procrastinate_job_status, false);
    return case when p_outcome in ('completed', 'cancelled') then p_outcome else 'failed' end;
end $$;

-- Puts a failed or cancelled job back into its queue. False when it is neither.
create function retry_job(p_job bigint) returns boolean language plpgsql as $$
declare
    queue text;
begin
    update procrastinate_jobs
        set status = 'todo', abort_requested = false, scheduled_at = null, worker_id = null
        where id = p_job and status in ('failed', 'cancelled', 'aborted')
        returning queue_name into queue;
    if not found then
        return false;
    end if;
    perform notify_job_ready(p_job, queue);
    return true;
end $$;

-- When a job reached its final status; a job cancelled before its first run has only procrastinate's event.
create function job_finished_at(p_job bigint) returns timestamptz language sql stable parallel safe as $$
    select max(at) from procrastinate_events
        where job_id = p_job and type in ('succeeded', 'failed', 'cancelled', 'aborted')
$$;
