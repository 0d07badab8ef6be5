-- A source that tells only the odds of now: a price that has not changed since it was last told adds nothing.
with given as (
    select distinct on (m.id, g.source, g.bookmaker, g.market, g.line, g.is_closing, g.known_at)
           m.id as match_id, g.source, g.bookmaker, g.market, g.line, g.is_closing, g.known_at, g.prices
    from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        league_code text, home_team text, away_team text, kickoff_date date, source text, bookmaker text, market text,
        line numeric(5, 2), is_closing boolean, known_at timestamptz, prices numeric(8, 3)[])
    join matches m using (league_code, home_team, away_team, kickoff_date)
    order by m.id, g.source, g.bookmaker, g.market, g.line, g.is_closing, g.known_at
), added as (
    insert into match_odds as o (match_id, source, bookmaker, market, line, is_closing, known_at, prices)
    select g.match_id, g.source, g.bookmaker, g.market, g.line, g.is_closing, g.known_at, g.prices
    from given g
    where g.prices is distinct from (
        select l.prices from match_odds l
        where (l.match_id, l.source, l.bookmaker, l.market, l.is_closing)
              = (g.match_id, g.source, g.bookmaker, g.market, g.is_closing)
          and l.line is not distinct from g.line and l.known_at <= g.known_at
        order by l.known_at desc limit 1)
    on conflict on constraint match_odds_natural_key do update set prices = excluded.prices
    returning 1
)
select count(*) from added
