-- Providers behind jobs: how each fares, what their servers gave to ask again with; names of teams; team sheets, players.

create table provider_states (
    source text primary key check (source <> ''),
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error text,
    failures integer not null default 0 check (failures >= 0),
    check ((last_failure_at is null) = (last_error is null))
);
comment on table provider_states is
    'One row is how one provider fared when jobs asked it. failures: how often in a row since its last success.';

create table provider_validators (
    source text not null check (source <> ''),
    name text not null check (name <> ''),
    etag text,
    last_modified text,
    stored_at timestamptz not null default now(),
    primary key (source, name),
    check (num_nonnulls(etag, last_modified) > 0)
);
comment on table provider_validators is
    'One row is what a server gave along with a file whose rows are stored, to ask for the file only if it changed since.';

create table team_aliases (
    id bigint generated always as identity primary key,
    source text not null check (source <> ''),
    country text not null check (country <> ''),
    alias text not null check (alias <> ''),
    team text not null check (team <> ''),
    confirmed_by text not null check (confirmed_by <> ''),
    confirmed_at timestamptz not null default clock_timestamp(),
    constraint team_aliases_natural_key unique (source, country, alias)
);
comment on table team_aliases is
    'One row says which team a provider means by a name, within the leagues of one country; a person has confirmed it.';

create table unmatched_teams (
    id bigint generated always as identity primary key,
    source text not null check (source <> ''),
    league_code text not null check (league_code ~ '^[A-Z0-9]{1,8}$'),
    name text not null check (name <> ''),
    suggestions jsonb not null check (jsonb_typeof(suggestions) = 'array'),
    times_seen integer not null default 1 check (times_seen > 0),
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    job_id bigint not null,
    constraint unmatched_teams_natural_key unique (source, league_code, name)
);
comment on table unmatched_teams is
    'One row is a name that a provider has for a team of ours, nobody knows which: its rows wait until a person says so.';
comment on column unmatched_teams.suggestions is 'The most similar names, best first: [{"team": "Leeds United", "score": 95.0}].';

create table lineup_updates (
    id bigint generated always as identity primary key,
    match_id bigint not null references matches on delete cascade,
    side text not null check (side in ('home', 'away')),
    source text not null check (source <> ''),
    team text not null check (team <> ''),
    known_at timestamptz not null,
    players jsonb not null check (jsonb_typeof(players) = 'array'),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    job_id bigint not null,
    created_at timestamptz not null default clock_timestamp()
);
comment on table lineup_updates is 'One row is the team sheet of one side of a match, from the moment at which it was known: a new one for each change.';
create index lineup_updates_latest_idx on lineup_updates (match_id, source, side, known_at desc, id desc);

create table player_stats (
    match_id bigint not null references matches on delete cascade,
    source text not null check (source <> ''),
    player_id text not null check (player_id <> ''),
    player text not null check (player <> ''),
    side text not null check (side in ('home', 'away')),
    team text not null check (team <> ''),
    minutes smallint check (minutes >= 0),
    goals smallint check (goals >= 0),
    assists smallint check (assists >= 0),
    shots smallint check (shots >= 0),
    shots_on_target smallint check (shots_on_target >= 0),
    yellow_cards smallint check (yellow_cards >= 0),
    red_cards smallint check (red_cards >= 0),
    rating double precision check (rating between 0 and 10),
    known_at timestamptz not null,
    job_id bigint not null,
    primary key (match_id, source, player_id)
);
comment on table player_stats is
    'One row is what one player did in one match, as a provider told it last; null is what it does not tell.';
comment on column player_stats.known_at is 'Since when it is known as it stands here.';
