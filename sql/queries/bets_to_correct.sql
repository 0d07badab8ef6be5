-- Bets settled lately by what their match's source no longer says.
select b.id
from bets b
join matches m on m.id = b.match_id
join lateral (
    select s.ending, s.home_goals, s.away_goals from bet_settlements s where s.bet_id = b.id order by s.id desc limit 1
) last on true
where b.settled_at > :since and b.settled_at <= :as_of
  and ((last.home_goals, last.away_goals) is distinct from (m.home_goals, m.away_goals)
       or (m.status in ('cancelled', 'abandoned') and last.ending <> m.status))
order by b.id
