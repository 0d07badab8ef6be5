select p.match_id, m.league_code, m.season, m.kickoff_at, m.home_team, m.away_team, p.home, p.draw, p.away, p.pick,
       p.home_goals, p.away_goals, p.over_2_5, p.both_to_score, p.likely_scores, r.id as model_id, r.name as model_name,
       r.version as model_version, p.as_of, p.job_id, p.predicted_at
from match_predictions p
join matches m on m.id = p.match_id
join model_registry r on r.id = p.model_id
where m.league_code = :league_code
  and (p.as_of, p.job_id) = (
      select q.as_of, q.job_id from match_predictions q join matches n on n.id = q.match_id
      where n.league_code = :league_code order by q.as_of desc, q.job_id desc limit 1)
order by m.kickoff_at, m.home_team
limit :limit
