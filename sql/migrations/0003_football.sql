-- Football matches, the rows that were refused, model versions and predictions.

create table matches (
    id bigint generated always as identity primary key,
    league_code text not null check (league_code ~ '^[A-Z0-9]{1,8}$'),
    season text not null check (season ~ '^\d{4}-\d{2}$'),
    kickoff_at timestamptz not null,
    kickoff_date date not null generated always as ((kickoff_at at time zone 'UTC')::date) stored,
    kickoff_time_known boolean not null,
    home_team text not null check (home_team <> ''),
    away_team text not null check (away_team <> ''),
    home_goals smallint check (home_goals >= 0),
    away_goals smallint check (away_goals >= 0),
    result_known_at timestamptz,
    source text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (home_team <> away_team),
    check ((home_goals is null) = (away_goals is null)),
    check ((home_goals is null) = (result_known_at is null)),
    check (result_known_at > kickoff_at),
    constraint matches_natural_key unique (league_code, home_team, away_team, kickoff_date)
);
comment on table matches is
    'One row is one match between two clubs: a fixture until its result is known at result_known_at.';
create index matches_kickoff_idx on matches (kickoff_at, id);
create index matches_league_kickoff_idx on matches (league_code, kickoff_at desc);
create index matches_unplayed_idx on matches (league_code, season, home_team, away_team)
    where home_goals is null;

create table quarantined_rows (
    id bigint generated always as identity primary key,
    source text not null,
    file text not null,
    line integer not null check (line >= 0),
    reason text not null,
    raw jsonb not null,
    job_id bigint not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    unique (source, file, line, reason)
);
comment on table quarantined_rows is 'One row is one line of a source that was refused, with the reason.';

create table model_registry (
    id bigint generated always as identity primary key,
    sport text not null,
    name text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    version integer not null check (version > 0),
    status text not null check (status in ('candidate', 'active', 'retired')),
    features jsonb not null,
    parameters jsonb not null,
    metrics jsonb not null,
    training_matches integer not null check (training_matches > 0),
    validation_matches integer not null check (validation_matches > 0),
    data_from timestamptz not null,
    data_to timestamptz not null check (data_to >= data_from),
    as_of timestamptz not null check (as_of >= data_to),
    artifact_sha256 text not null check (artifact_sha256 ~ '^[0-9a-f]{64}$'),
    artifact_format text not null,
    code_revision text not null,
    job_id bigint not null,
    created_at timestamptz not null default now(),
    unique (sport, name, version)
);
comment on table model_registry is 'One row is one immutable version of a model; status says whether it serves.';
create unique index model_registry_active_idx on model_registry (sport) where status = 'active';

create table feature_importance (
    model_id bigint not null references model_registry on delete cascade,
    feature text not null,
    importance double precision not null check (importance >= 0),
    primary key (model_id, feature)
);
comment on table feature_importance is 'One row is the share of one feature in one model version (shares add up to 1).';

create table match_predictions (
    id bigint generated always as identity primary key,
    match_id bigint not null references matches on delete cascade,
    model_id bigint not null references model_registry,
    as_of timestamptz not null,
    home double precision not null check (home between 0 and 1),
    draw double precision not null check (draw between 0 and 1),
    away double precision not null check (away between 0 and 1),
    pick text not null check (pick in ('home', 'draw', 'away')),
    job_id bigint not null,
    predicted_at timestamptz not null default now(),
    check (abs(home + draw + away - 1) < 1e-6),
    unique (match_id, model_id, as_of)
);
comment on table match_predictions is
    'One row is what one model version said of one match, knowing nothing later than as_of.';
create index match_predictions_job_idx on match_predictions (job_id);
create index match_predictions_latest_idx on match_predictions (as_of desc, job_id desc);
