select b.opening + coalesce(sum(t.profit), 0) - coalesce(sum(t.stake) filter (where t.status = 'open'), 0)
from bankrolls b
left join bets t on t.bankroll = b.name
where b.name = :bankroll
group by b.name
