-- Odds of matches: by bookmaker and market, with the moment from which each was known.

create table match_odds (
    match_id bigint not null references matches on delete cascade,
    source text not null check (source <> ''),
    bookmaker text not null check (bookmaker <> ''),
    market text not null check (market in ('match_result', 'over_under')),
    line numeric(5, 2) check ((line is null) = (market = 'match_result')),
    is_closing boolean not null,
    known_at timestamptz not null,
    prices numeric(8, 3)[] not null,
    constraint prices_of_all_selections check (cardinality(prices) = case market when 'match_result' then 3 else 2 end),
    constraint match_odds_natural_key
        unique nulls not distinct (match_id, source, bookmaker, market, line, is_closing, known_at)
);
comment on table match_odds is
    'One row is what one bookmaker (or the average or maximum of all) paid on the selections of one market: home, draw, away, or over, under. is_closing: the last before kick-off.';
comment on column match_odds.prices is 'Decimal odds; null where a selection had none.';
