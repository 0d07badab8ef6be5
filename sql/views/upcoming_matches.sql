-- The fixtures that have not kicked off. A replay of a past moment asks store.matches.fixtures instead.
create view upcoming_matches as
select id, league_code, season, kickoff_at, kickoff_time_known, home_team, away_team
from matches
where home_goals is null and kickoff_at > now();
