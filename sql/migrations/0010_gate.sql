-- Models pass a gate before they serve: its answers, what each version said of matches it had not seen, and who changed what.

alter table model_registry drop constraint model_registry_status_check;
alter table model_registry add constraint model_registry_status_check
    check (status in ('candidate', 'refused', 'active', 'retired'));
alter table model_registry add column reason text;
comment on column model_registry.status is
    'candidate: not asked to serve; refused: by the gate; active: serves; retired: served before.';
comment on column model_registry.reason is 'Why it has its status.';

create table model_tellings (
    model_id bigint not null references model_registry on delete cascade,
    match_id bigint not null references matches on delete cascade,
    home double precision not null check (home between 0 and 1),
    draw double precision not null check (draw between 0 and 1),
    away double precision not null check (away between 0 and 1),
    primary key (model_id, match_id),
    check (abs(home + draw + away - 1) < 1e-6)
);
comment on table model_tellings is
    'One row is what a version would have said of a validation match, by the same procedure without that match.';
create index model_tellings_match_idx on model_tellings (match_id);

create table training_results (
    id bigint generated always as identity primary key,
    job_id bigint not null,
    sport text not null,
    as_of timestamptz not null,
    training_matches integer not null check (training_matches > 0),
    validation_matches integer not null check (validation_matches > 0),
    seconds double precision not null check (seconds >= 0),
    best_model_id bigint references model_registry on delete set null,
    in_service_id bigint references model_registry on delete set null,
    outcome text not null check (outcome in ('deployed', 'forced', 'passed', 'refused')),
    is_dry_run boolean not null,
    checks jsonb not null check (jsonb_typeof(checks) = 'array'),
    reason text not null,
    created_at timestamptz not null default now()
);
comment on table training_results is
    'One row is one training: its best model, what the gate answered, and what came of it. passed: fit to serve, but it was a dry run or a replay of the past.';
create index training_results_latest_idx on training_results (sport, id desc);

create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null check (actor <> ''),
    action text not null check (action <> ''),
    subject text not null check (subject <> ''),
    details jsonb not null default '{}' check (jsonb_typeof(details) = 'object')
);
comment on table audit_log is 'One row is one change that somebody made by hand, or a job made on its own.';
create index audit_log_subject_idx on audit_log (subject, id desc);
