-- Bets settled lately whose closing price was not known then, and whose market has odds.
select b.id
from bets b
where b.settled_at > :since and b.settled_at <= :as_of and b.closing_price is null and b.status <> 'void'
  and exists (
      select from match_odds o
      where o.match_id = b.match_id and o.market = b.market and o.line is not distinct from b.line
        and o.known_at <= :as_of)
order by b.id
