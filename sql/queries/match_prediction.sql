select p.match_id, m.league_code, m.season, m.kickoff_at, m.home_team, m.away_team, p.home, p.draw, p.away, p.pick,
       p.home_goals, p.away_goals, p.over_2_5, p.both_to_score, p.likely_scores, r.id as model_id, r.name as model_name,
       r.version as model_version, p.as_of, p.job_id, p.predicted_at
from match_predictions p
join matches m on m.id = p.match_id
join model_registry r on r.id = p.model_id
where p.match_id = :match_id
order by p.as_of desc, p.id desc
limit 1
