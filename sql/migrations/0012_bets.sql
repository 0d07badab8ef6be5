-- Picks, bets and bankrolls: what was worth betting on and why, the money put on it, what became of it; and how matches ended.

alter table matches add column status text not null default 'scheduled'
    check (status in ('scheduled', 'in_play', 'played', 'postponed', 'cancelled', 'abandoned', 'awarded'));
update matches set status = 'played' where home_goals is not null;
alter table matches add constraint a_match_that_was_played_has_goals check (status <> 'played' or home_goals is not null);
comment on column matches.status is
    'What its source says of it. awarded: decided by the league, not on the pitch; with the goals that it awarded, if any.';

alter table match_predictions add column home_goals double precision check (home_goals >= 0);
alter table match_predictions add column away_goals double precision check (away_goals >= 0);
alter table match_predictions add column over_2_5 double precision check (over_2_5 between 0 and 1);
alter table match_predictions add column both_to_score double precision check (both_to_score between 0 and 1);
alter table match_predictions add column likely_scores jsonb check (jsonb_typeof(likely_scores) = 'object');
alter table match_predictions add constraint goals_of_both_sides
    check (num_nulls(home_goals, away_goals, over_2_5, both_to_score, likely_scores) in (0, 5));
create index match_predictions_age_idx on match_predictions (predicted_at);
comment on column match_predictions.home_goals is 'Expected goals; null, as all that follows from goals, where no goal model took part.';
comment on column match_predictions.likely_scores is 'The probabilities of the likeliest scores, as {"1-0": 0.11}.';

create table prediction_runs (
    job_id bigint primary key,
    as_of timestamptz not null,
    horizon_at timestamptz not null check (horizon_at >= as_of),
    model_id bigint references model_registry on delete set null,
    seconds double precision not null check (seconds >= 0),
    leagues integer not null check (leagues >= 0),
    fixtures integer not null check (fixtures >= 0),
    predictions integer not null check (predictions >= 0),
    picks integer not null check (picks >= 0),
    bets integer not null check (bets >= 0),
    judged integer not null check (judged >= 0),
    accuracy double precision check (accuracy between 0 and 1),
    log_loss double precision check (log_loss >= 0),
    roi double precision,
    created_at timestamptz not null default clock_timestamp(),
    check ((judged = 0) = (accuracy is null)),
    check ((judged = 0) = (log_loss is null))
);
comment on table prediction_runs is
    'One row is one run that predicted: what it did, and how good the predictions of the 30 days before it were by then.';
comment on column prediction_runs.judged is 'Of how many predicted matches of these 30 days the result was known.';
comment on column prediction_runs.roi is 'Profit by stake of the bets settled in these 30 days; null without any.';

create table bankrolls (
    name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    opening numeric(14, 2) not null check (opening > 0),
    created_at timestamptz not null default clock_timestamp()
);
comment on table bankrolls is 'One row is the money that bets are placed from: what there was before the first one.';

create table picks (
    id bigint generated always as identity primary key,
    match_id bigint not null references matches on delete cascade,
    model_id bigint not null references model_registry,
    as_of timestamptz not null,
    market text not null check (market in ('match_result', 'over_under', 'both_to_score', 'correct_score')),
    line numeric(5, 2) check ((line is not null) = (market = 'over_under')),
    selection text not null check (selection <> ''),
    bookmaker text not null check (bookmaker <> ''),
    price numeric(8, 3) not null check (price > 1),
    price_known_at timestamptz not null check (price_known_at <= as_of),
    probability double precision not null check (probability > 0 and probability < 1),
    edge double precision not null,
    kelly double precision not null check (kelly >= 0),
    stake numeric(12, 2) not null check (stake > 0),
    stake_limit text not null,
    why text not null check (why <> ''),
    job_id bigint not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint picks_natural_key unique nulls not distinct (match_id, model_id, as_of, market, line, selection)
);
comment on table picks is 'One row is a bet that was worth placing at a moment: at which price, how much of it, and why.';
create index picks_latest_idx on picks (as_of desc, id desc);
create index picks_job_idx on picks (job_id);
create index picks_age_idx on picks (created_at);

create table bets (
    id bigint generated always as identity primary key,
    bankroll text not null references bankrolls,
    match_id bigint not null references matches,
    pick_id bigint references picks on delete set null,
    market text not null check (market in ('match_result', 'over_under', 'both_to_score', 'correct_score')),
    line numeric(5, 2) check ((line is not null) = (market = 'over_under')),
    selection text not null check (selection <> ''),
    bookmaker text not null check (bookmaker <> ''),
    price numeric(8, 3) not null check (price > 1),
    stake numeric(12, 2) not null check (stake > 0),
    probability double precision check (probability > 0 and probability < 1),
    placed_at timestamptz not null,
    kickoff_at timestamptz not null,
    status text not null default 'open'
        check (status in ('open', 'won', 'half_won', 'push', 'half_lost', 'lost', 'void')),
    returned numeric(14, 2) check (returned >= 0),
    profit numeric(14, 2) generated always as (returned - stake) stored,
    closing_price numeric(8, 3) check (closing_price > 1),
    closing_probability double precision check (closing_probability > 0 and closing_probability < 1),
    settled_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    check ((status = 'open') = (returned is null)),
    check ((status = 'open') = (settled_at is null)),
    constraint bets_natural_key unique nulls not distinct (bankroll, match_id, market, line, selection)
);
comment on table bets is 'One row is money on a selection: the price taken, and what became of it. A bankroll bets on a selection once.';
comment on column bets.kickoff_at is 'When the match was to kick off as the bet was placed.';
comment on column bets.settled_at is 'As of when it was settled first; corrections come later, and are in bet_settlements.';
comment on column bets.closing_price is 'The last price before kick-off of the same bookmaker, else of the market; null while none is known.';
comment on column bets.closing_probability is 'Of the selection in the closing line, with its margin removed.';
create index bets_pick_idx on bets (pick_id) where pick_id is not null;
create index bets_open_idx on bets (match_id) where status = 'open';
create index bets_latest_idx on bets (bankroll, placed_at desc, id desc);
create index bets_placed_idx on bets (placed_at desc, id desc);
create index bets_settled_idx on bets (bankroll, settled_at) where settled_at is not null;
create index bets_settled_lately_idx on bets (settled_at) where settled_at is not null;

create table bet_settlements (
    id bigint generated always as identity primary key,
    bet_id bigint not null references bets on delete cascade,
    settled_at timestamptz not null,
    status text not null
        check (status in ('won', 'half_won', 'push', 'half_lost', 'lost', 'void')),
    returned numeric(14, 2) not null check (returned >= 0),
    difference numeric(14, 2) not null,
    ending text not null check (ending in ('played', 'postponed', 'cancelled', 'abandoned', 'awarded')),
    home_goals smallint check (home_goals >= 0),
    away_goals smallint check (away_goals >= 0),
    why text not null check (why <> ''),
    job_id bigint not null
);
comment on table bet_settlements is
    'One row is one settlement of a bet: the first, or a correction of the one before it after a corrected result.';
comment on column bet_settlements.difference is 'What was paid with it: all that was returned at first, later what a correction adds or takes back.';
create index bet_settlements_bet_idx on bet_settlements (bet_id, id);
