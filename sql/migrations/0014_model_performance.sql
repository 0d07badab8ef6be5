-- How good the predictions were that were served: by sport, day and length of the time looked at.

create table model_performance (
    sport text not null check (sport <> ''),
    window_days smallint not null check (window_days > 0),
    as_of timestamptz not null,
    day date not null generated always as ((as_of at time zone 'UTC')::date) stored,
    matches integer not null check (matches >= 0),
    served jsonb not null check (jsonb_typeof(served) = 'object'),
    log_loss double precision check (log_loss >= 0),
    log_loss_error double precision check (log_loss_error >= 0),
    brier double precision check (brier between 0 and 2),
    rps double precision check (rps between 0 and 1),
    accuracy double precision check (accuracy between 0 and 1),
    ece double precision check (ece between 0 and 1),
    ece_limit double precision check (ece_limit >= 0),
    promised_log_loss double precision check (promised_log_loss >= 0),
    promise_error double precision check (promise_error >= 0),
    market_matches integer not null check (market_matches between 0 and matches),
    market_log_loss double precision check (market_log_loss >= 0),
    log_loss_beside_market double precision check (log_loss_beside_market >= 0),
    bets integer not null check (bets >= 0),
    roi double precision,
    closing_line_value double precision,
    closing_line_error double precision check (closing_line_error >= 0),
    drifted boolean not null,
    says text not null check (says <> ''),
    job_id bigint not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (sport, window_days, day),
    constraint figures_of_matches_only
        check (num_nulls(log_loss, brier, rps, accuracy, ece, ece_limit) = case when matches = 0 then 6 else 0 end),
    check ((market_matches = 0) = (market_log_loss is null)),
    check ((market_matches = 0) = (log_loss_beside_market is null))
);
comment on table model_performance is
    'One row is how good the last predictions before kick-off were, of the matches that kicked off in the days before a moment and whose results were known then. A later moment of the same day replaces it.';
comment on column model_performance.served is 'Which model versions predicted how many of the matches, as {"ensemble 3": 120}.';
comment on column model_performance.ece_limit is 'Calibration error that a well calibrated model hardly exceeds on these matches.';
comment on column model_performance.promised_log_loss is 'Of the models that served, as their validation measured it, by how many matches each predicted.';
comment on column model_performance.promise_error is 'Standard error of the live log loss less the promised one.';
comment on column model_performance.log_loss_beside_market is 'Of the predictions of the matches with closing odds: those that the market''s log loss is of.';
comment on column model_performance.roi is 'Profit by stake of the bets settled in the days before the moment; null without any.';
comment on column model_performance.closing_line_value is 'Of these bets, against closing lines with their margin removed: the mean.';
create index model_performance_latest_idx on model_performance (sport, day desc, window_days);
