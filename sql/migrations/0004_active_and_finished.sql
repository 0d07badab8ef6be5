-- Jobs in two partitions: what is active stays small and fast, what has finished is history. Columns that were read
-- out of args or events become columns of their own, and nothing is written that job_runs keeps already.

drop view if exists job_queue;
alter table job_runs drop constraint job_runs_job_id_fkey;
alter table pipeline_jobs drop constraint pipeline_jobs_pipeline_id_fkey;
alter table procrastinate_periodic_defers drop constraint procrastinate_periodic_defers_job_id_fkey;
drop function procrastinate_fetch_job_v2(character varying[], bigint);
alter table procrastinate_jobs rename to procrastinate_jobs_before;
alter sequence procrastinate_jobs_id_seq owned by none;

create table procrastinate_jobs (
    id bigint not null default nextval('procrastinate_jobs_id_seq'),
    queue_name varchar(128) not null,
    task_name varchar(128) not null,
    priority integer not null default 0,
    lock text,
    queueing_lock text,
    args jsonb not null default '{}',
    status procrastinate_job_status not null default 'todo',
    scheduled_at timestamptz,
    attempts integer not null default 0,
    abort_requested boolean not null default false,
    worker_id bigint,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    waits_for text check (waits_for in ('time', 'limit', 'jobs')),
    unique_key text,
    limit_key text,
    graph_id bigint,
    failures smallint not null default 0,
    losses smallint not null default 0,
    constraint check_not_todo_abort_requested check (not (status = 'todo' and abort_requested))
) partition by list (status);
comment on table procrastinate_jobs is 'One row is one job; its status says in which partition.';
comment on column procrastinate_jobs.waits_for is
    'What a pending job waits for before it may be taken: its time, a place under its limit, other jobs. Null: it is ready.';
comment on column procrastinate_jobs.started_at is 'When the current attempt was taken; null while it waits.';
comment on column procrastinate_jobs.limit_key is 'Which of the limits bounds how many of these run at once, or start in a while.';
comment on column procrastinate_jobs.graph_id is 'The pipeline that this job is a step of.';
comment on column procrastinate_jobs.failures is 'Failed attempts since the job was added or tried again by a user.';
comment on column procrastinate_jobs.losses is 'Attempts whose worker was lost, counted as failures are.';

-- Every row dies here soon: its space must come back before the next vacuum of a big table would.
create table jobs_active partition of procrastinate_jobs for values in ('todo', 'doing')
    with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
          autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 2000,
          autovacuum_vacuum_cost_delay = 0);
create table jobs_finished partition of procrastinate_jobs
    for values in ('succeeded', 'failed', 'cancelled', 'aborting', 'aborted');

-- A partitioned table cannot be referenced by its id alone: forget_deleted_jobs() stands for the foreign keys.
insert into procrastinate_jobs
    (id, queue_name, task_name, priority, lock, queueing_lock, args, status, scheduled_at, attempts, abort_requested,
     worker_id, created_at, started_at, finished_at, waits_for, unique_key, failures)
select j.id, j.queue_name, j.task_name, j.priority, j.lock, j.queueing_lock, j.args #- '{meta,unique_key}', j.status,
       j.scheduled_at, j.attempts, j.abort_requested, case when j.status = 'doing' then j.worker_id end, j.created_at,
       r.started_at,
       case when j.status not in ('todo', 'doing') then coalesce(r.finished_at, job_finished_at(j.id), now()) end,
       case when j.status = 'todo' and j.scheduled_at > now() then 'time' end,
       j.args #>> '{meta,unique_key}',
       (select count(*) from job_runs f where f.job_id = j.id and f.outcome = 'failed')
from procrastinate_jobs_before j
left join job_runs r on r.job_id = j.id and r.attempt = j.attempts + (j.status = 'doing')::int;

alter table jobs_active add primary key (id);
create index jobs_active_ready on jobs_active (queue_name, priority desc, id)
    where status = 'todo' and waits_for is null;
create index jobs_active_due on jobs_active (scheduled_at) where status = 'todo' and waits_for = 'time';
create index jobs_active_type on jobs_active (task_name, id);
create index jobs_active_worker on jobs_active (worker_id) where status = 'doing';
create index jobs_active_limited on jobs_active (limit_key, priority desc, id) where waits_for = 'limit';
create index jobs_active_admitted on jobs_active (limit_key) where limit_key is not null and waits_for is null;
create index jobs_active_graph on jobs_active (graph_id) where graph_id is not null;
create unique index jobs_active_unique_key on jobs_active (unique_key) where unique_key is not null;
-- procrastinate knows its refusals by these names.
create unique index procrastinate_jobs_queueing_lock_idx on jobs_active (queueing_lock)
    where status = 'todo' and queueing_lock is not null;
create unique index procrastinate_jobs_lock_idx on jobs_active (lock)
    where status = 'doing' and lock is not null;
create index jobs_active_lock on jobs_active (lock, priority desc, id) where lock is not null;

alter table jobs_finished add primary key (id);
alter table jobs_finished alter finished_at set not null;
create index jobs_finished_type on jobs_finished (task_name, id);
create index jobs_finished_graph on jobs_finished (graph_id) where graph_id is not null;
create index jobs_finished_failed on jobs_finished (id) where status = 'failed';
create index jobs_finished_cancelled on jobs_finished (id) where status in ('cancelled', 'aborted');
-- Rows come in the order of their end, so a summary of each block is enough.
create index jobs_finished_created on jobs_finished using brin (created_at) with (pages_per_range = 16);
create index jobs_finished_at on jobs_finished using brin (finished_at) with (pages_per_range = 16);

drop table procrastinate_events;
drop table procrastinate_jobs_before cascade;
alter sequence procrastinate_jobs_id_seq owned by procrastinate_jobs.id;
alter index procrastinate_jobs_queueing_lock_idx rename to procrastinate_jobs_queueing_lock_idx_v1;
alter index procrastinate_jobs_lock_idx rename to procrastinate_jobs_lock_idx_v1;
drop function job_finished_at(bigint);
drop function procrastinate_trigger_function_status_events_insert_v1();
drop function procrastinate_trigger_function_status_events_update_v1();
drop function procrastinate_trigger_function_scheduled_events_v1();
drop function procrastinate_trigger_abort_requested_events_procedure_v1();
drop function procrastinate_notify_queue_job_inserted_v1();
drop function procrastinate_notify_queue_abort_job_v1();
drop function procrastinate_unlink_periodic_defers_v1();
drop function notify_job_ready(bigint, text);
drop function end_run(bigint, integer, text, text, timestamptz, jsonb, text, text, text, double precision, text, text);
drop function open_run(bigint, integer, text);

alter table job_runs drop constraint job_runs_outcome_check;
alter table job_runs add constraint job_runs_outcome_check
    check (outcome in ('completed', 'failed', 'cancelled', 'interrupted', 'lost', 'snoozed'));
create index job_runs_finished on job_runs using brin (finished_at) with (pages_per_range = 16);

alter table procrastinate_workers
    add column name text not null default 'procrastinate',
    add column host text,
    add column pid integer,
    add column version text,
    add column queues jsonb,
    add column concurrency integer,
    add column started_at timestamptz not null default now(),
    add column silent_after interval not null default '30 seconds',
    add column running integer,
    add column memory_bytes bigint,
    add column last_fetch_at timestamptz not null default now();
comment on table procrastinate_workers is 'One row is one live worker process; who is gone or silent too long has none.';

create table queues (
    name text primary key check (name <> ''),
    paused_at timestamptz,
    paused_by text
);
create table limits (
    key text primary key,
    at_once integer check (at_once > 0),
    starts integer check (starts > 0),
    per interval check (per > interval '0'),
    blocked_until timestamptz,
    check ((starts is null) = (per is null))
);
comment on table limits is
    'One row is one limit that jobs share by its key: so many at once, so many starts in any such interval.';

create table limit_starts (
    key text not null,
    started_at timestamptz not null
);
create index limit_starts_idx on limit_starts (key, started_at);
comment on table limit_starts is 'One row is one start that still counts against a limit of starts.';

create table graph_edges (
    job_id bigint not null,
    parent_id bigint not null,
    primary key (job_id, parent_id)
);
create index graph_edges_parent on graph_edges (parent_id);
comment on table graph_edges is 'One row says that a job of a pipeline waits for another to complete.';

comment on table queues is 'One row is one queue that an operator has touched; a paused one gives no jobs.';
