-- Bets settled lately by what their match's source no longer says: its goals, how it ended, when it began.
-- What a league awards undoes no settlement, and a void bet stays void while its match has the same ending.
select b.id
from bets b
join matches m on m.id = b.match_id
join lateral (
    select s.ending, s.home_goals, s.away_goals from bet_settlements s where s.bet_id = b.id order by s.id desc limit 1
) last on true
where b.settled_at > :since and b.settled_at <= :as_of
  and m.status <> 'awarded'
  and not (b.status = 'void' and last.ending = m.status)
  and ((last.home_goals, last.away_goals) is distinct from (m.home_goals, m.away_goals)
       or (m.status in ('cancelled', 'abandoned') and last.ending <> m.status)
       or (m.kickoff_time_known and m.kickoff_at <= b.placed_at and b.status <> 'void'))
order by b.id
