-- Which stored match each given one is: the same clubs in the same league, at most a day apart; the nearest of two.
select distinct on (g.number)
       g.number, m.id as match_id, m.season, m.kickoff_at, m.kickoff_time_known, m.home_goals, m.away_goals,
       m.result_known_at, m.source, m.status
from jsonb_to_recordset(cast(:rows as jsonb)) as g(
    number integer, league_code text, home_team text, away_team text, kickoff_date date)
join matches m
    on (m.league_code, m.home_team, m.away_team) = (g.league_code, g.home_team, g.away_team)
   and m.kickoff_date between g.kickoff_date - 1 and g.kickoff_date + 1
order by g.number, abs(m.kickoff_date - g.kickoff_date), m.id
