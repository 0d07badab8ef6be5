-- An unplayed fixture was moved, not added, where the source no longer names its day but exactly one new day of the
-- same pair and season. Pairs that meet twice a season keep all days that are still named. A source that was asked for
-- some days says nothing of others; but a match that was postponed may come back on any later day.
with given as (
    select distinct on (league_code, season, home_team, away_team, (kickoff_at at time zone 'UTC')::date)
           league_code, season, home_team, away_team, kickoff_at, kickoff_time_known,
           (kickoff_at at time zone 'UTC')::date as kickoff_date
    from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        league_code text, season text, kickoff_at timestamptz, kickoff_time_known boolean,
        home_team text, away_team text)
), added as (
    select g.*, count(*) over (partition by league_code, season, home_team, away_team) as days
    from given g
    where not exists (
        select from matches m
        where (m.league_code, m.home_team, m.away_team, m.kickoff_date)
              = (g.league_code, g.home_team, g.away_team, g.kickoff_date))
), gone as (
    select m.id, m.league_code, m.season, m.home_team, m.away_team,
           count(*) over (partition by m.league_code, m.season, m.home_team, m.away_team) as days
    from matches m
    where m.home_goals is null
      and (m.kickoff_date between coalesce(cast(:first_day as date), m.kickoff_date)
                              and coalesce(cast(:last_day as date), m.kickoff_date)
           or (m.status = 'postponed' and m.kickoff_date <= cast(:last_day as date)))
      and exists (
          select from given g
          where (g.league_code, g.season, g.home_team, g.away_team)
                = (m.league_code, m.season, m.home_team, m.away_team))
      and not exists (
          select from given g
          where (g.league_code, g.season, g.home_team, g.away_team, g.kickoff_date)
                = (m.league_code, m.season, m.home_team, m.away_team, m.kickoff_date))
)
update matches m
set kickoff_at = a.kickoff_at, kickoff_time_known = a.kickoff_time_known, status = 'scheduled', updated_at = now()
from gone, added a
where m.id = gone.id and gone.days = 1 and a.days = 1
  and (gone.league_code, gone.season, gone.home_team, gone.away_team)
      = (a.league_code, a.season, a.home_team, a.away_team)
