-- An unplayed fixture whose pair now stands on another day of the same season was moved, not added.
update matches m
set kickoff_at = g.kickoff_at, kickoff_time_known = g.kickoff_time_known, updated_at = now()
from jsonb_to_recordset(cast(:rows as jsonb)) as g(
    league_code text, season text, kickoff_at timestamptz, kickoff_time_known boolean, home_team text, away_team text)
where m.home_goals is null
  and (m.league_code, m.season, m.home_team, m.away_team) = (g.league_code, g.season, g.home_team, g.away_team)
  and m.kickoff_date <> (g.kickoff_at at time zone 'UTC')::date
  and not exists (
      select from matches there
      where (there.league_code, there.home_team, there.away_team) = (g.league_code, g.home_team, g.away_team)
        and there.kickoff_date = (g.kickoff_at at time zone 'UTC')::date)
