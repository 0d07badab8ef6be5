-- Schedules: when jobs are added by themselves, and what became of each of their times.

create table schedules (
    id bigint generated always as identity primary key,
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    job_type text not null check (job_type <> ''),
    params jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
    cron text check (cron <> ''),
    time_zone text check (time_zone <> ''),
    every interval check (every >= interval '1 second'),
    min_wait interval check (min_wait >= interval '1 second'),
    max_wait interval,
    misfire text not null default 'run_once' check (misfire in ('run_once', 'skip')),
    misfire_after interval not null default '1 minute' check (misfire_after >= interval '5 seconds'),
    priority integer not null default 0 check (priority between -100 and 100),
    paused_at timestamptz,
    paused_by text,
    next_at timestamptz,
    waits_for_job bigint,
    last_at timestamptz,
    last_job_id bigint,
    last_error text,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    constraint one_kind_of_timing check (num_nonnulls(cron, every, max_wait) = 1),
    constraint a_zone_for_cron_only check ((cron is null) = (time_zone is null)),
    constraint adaptive_bounds check ((min_wait is null) = (max_wait is null) and min_wait <= max_wait),
    constraint adaptive_misses_nothing check (max_wait is null or misfire = 'run_once'),
    constraint only_adaptive_waits check (waits_for_job is null or (max_wait is not null and next_at is null)),
    check (paused_at is not null or paused_by is null)
);
comment on table schedules is
    'One row is one schedule: a job to add at the times of a cron expression, in fixed intervals, or so long after the last one as its handler says.';
comment on column schedules.next_at is 'Null: there is no next time, or it is known when waits_for_job has ended.';
comment on column schedules.misfire_after is 'A time is missed when nobody has acted on it for so long.';
comment on column schedules.last_at is 'The last of its times that gave a job, or met one that did the same work.';
comment on column schedules.last_error is 'Why the last of its times gave no job.';
comment on column schedules.updated_at is 'When the row last changed. One that lies ahead shows that the clock went back.';
create index schedules_due on schedules (next_at) where paused_at is null;
create index schedules_waiting on schedules (waits_for_job) where paused_at is null and waits_for_job is not null;
create index schedules_updated on schedules (updated_at) where paused_at is null and waits_for_job is null;

create table schedule_ticks (
    schedule_id bigint not null references schedules on delete cascade,
    tick_at timestamptz not null,
    handled_at timestamptz not null default clock_timestamp(),
    outcome text not null check (outcome in ('enqueued', 'merged', 'skipped', 'failed')),
    job_id bigint,
    error text,
    primary key (schedule_id, tick_at),
    check ((job_id is not null) = (outcome in ('enqueued', 'merged'))),
    check ((error is not null) = (outcome = 'failed'))
);
comment on table schedule_ticks is
    'One row is one time of a schedule that was acted on: a job was added, the same work was active already, it was missed and skipped, or it failed. The key makes it happen once.';
