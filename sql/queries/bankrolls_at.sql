-- What each bankroll had at a moment: what it opened with and what its settled bets had brought by then.
select r.name, r.opening + coalesce(paid.money, 0) - coalesce(staked.money, 0) as money
from bankrolls r
left join (
    select b.bankroll, sum(s.difference) as money
    from bet_settlements s join bets b on b.id = s.bet_id
    where s.settled_at <= :as_of
    group by b.bankroll
) paid on paid.bankroll = r.name
left join (
    select bankroll, sum(stake) as money from bets where settled_at <= :as_of group by bankroll
) staked on staked.bankroll = r.name
order by r.name
