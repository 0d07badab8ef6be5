-- A source tells all it knows of a match's odds each time: what it no longer says is deleted.
with given as (
    select m.id as match_id, g.source, g.bookmaker, g.market, g.line, g.is_closing, g.known_at, g.prices
    from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        league_code text, home_team text, away_team text, kickoff_date date, source text, bookmaker text, market text,
        line numeric(5, 2), is_closing boolean, known_at timestamptz, prices numeric(8, 3)[])
    join matches m using (league_code, home_team, away_team, kickoff_date)
), gone as (
    delete from match_odds o
    using (select distinct match_id, source from given) told
    where o.match_id = told.match_id and o.source = told.source and not exists (
        select from given g
        where (g.match_id, g.source, g.bookmaker, g.market, g.is_closing, g.known_at)
              = (o.match_id, o.source, o.bookmaker, o.market, o.is_closing, o.known_at)
          and g.line is not distinct from o.line)
), kept as (
    insert into match_odds as o (match_id, source, bookmaker, market, line, is_closing, known_at, prices)
    select match_id, source, bookmaker, market, line, is_closing, known_at, prices from given
    order by match_id, source, bookmaker, market, line, is_closing, known_at
    on conflict on constraint match_odds_natural_key do update set prices = excluded.prices
        where o.prices is distinct from excluded.prices
    returning 1
)
select count(*) from kept
