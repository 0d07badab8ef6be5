-- What a bankroll had free at a moment: what it opened with, less what was staked by then, and what was paid out by then.
select b.opening
    - coalesce((select sum(t.stake) from bets t where t.bankroll = b.name and t.placed_at <= :as_of), 0)
    + coalesce((select sum(s.difference) from bet_settlements s join bets t on t.id = s.bet_id
                where t.bankroll = b.name and s.settled_at <= :as_of), 0)
from bankrolls b
where b.name = :bankroll
