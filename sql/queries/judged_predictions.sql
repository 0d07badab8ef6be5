-- The last word on each match that kicked off in a time and whose result was known at a moment: what was predicted of it
-- as of the latest moment before kick-off.
select m.id as match_id, m.league_code, m.kickoff_at, m.home_goals, m.away_goals, p.home, p.draw, p.away, p.model_id
from matches m
cross join lateral (
    select q.home, q.draw, q.away, q.model_id from match_predictions q
    where q.match_id = m.id and q.as_of < m.kickoff_at
    order by q.as_of desc, q.predicted_at desc limit 1) p
where m.kickoff_at >= :since and m.kickoff_at < :until and m.result_known_at <= :as_of
  and m.status not in ('cancelled', 'abandoned', 'awarded') -- what was decided at a desk says nothing of who is better
order by m.kickoff_at, m.id
