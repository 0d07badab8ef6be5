-- Open bets whose match may have ended by a moment: played, ended otherwise, or moved too far from its planned kick-off.
select b.id
from bets b join matches m on m.id = b.match_id
where b.status = 'open' and b.placed_at <= :as_of
  and (m.result_known_at <= :as_of
       or m.status in ('postponed', 'cancelled', 'abandoned', 'awarded')
       or m.kickoff_at > b.kickoff_at + cast(:played_within as interval))
order by b.id
