-- The latest that each bookmaker was known by a moment to pay, before the match. The maximum is nobody to bet with, and the
-- average counts only where no bookmaker's own price of the market was read lately. On a match that is called off nobody pays.
with latest as (
    select distinct on (o.match_id, o.market, o.line, o.bookmaker)
           o.match_id, o.market, o.line, o.bookmaker, o.known_at, o.prices
    from match_odds o
    join matches m on m.id = o.match_id and m.status not in ('postponed', 'cancelled')
    where o.match_id = any(cast(:match_ids as bigint[])) and not o.is_closing and o.known_at <= :as_of
      and o.bookmaker <> 'maximum' and (o.market = 'match_result' or o.line = 2.5)
    order by o.match_id, o.market, o.line, o.bookmaker, o.known_at desc, o.source
), told as (
    select l.*, bool_or(bookmaker <> 'average' and known_at >= :fresh_since) over (partition by match_id, market) as has_bookmaker from latest l
)
select match_id, market, line, bookmaker, known_at, prices
from told
where bookmaker <> 'average' or not has_bookmaker
order by match_id, market, bookmaker
