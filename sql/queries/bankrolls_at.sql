-- What each bankroll, or the one that is named, had at a moment: what it opened with and what its settled bets had
-- brought by then.
select r.name, r.opening + coalesce(paid.money, 0) - coalesce(staked.money, 0) as money
from bankrolls r
cross join lateral (
    select sum(s.difference) as money
    from bet_settlements s join bets b on b.id = s.bet_id
    where b.bankroll = r.name and s.settled_at <= :as_of
) paid
cross join lateral (
    select sum(b.stake) as money from bets b where b.bankroll = r.name and b.settled_at <= :as_of
) staked
where cast(:name as text) is null or r.name = :name
order by r.name
