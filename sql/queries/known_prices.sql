-- The latest that each bookmaker was known by a moment to pay, before the match. The maximum is nobody to bet with, and the
-- average counts only where no bookmaker's own price of the market was read.
with latest as (
    select distinct on (match_id, market, line, bookmaker) match_id, market, line, bookmaker, known_at, prices
    from match_odds
    where match_id = any(cast(:match_ids as bigint[])) and not is_closing and known_at <= :as_of
      and bookmaker <> 'maximum' and (market = 'match_result' or line = 2.5)
    order by match_id, market, line, bookmaker, known_at desc, source
), told as (
    select l.*, bool_or(bookmaker <> 'average') over (partition by match_id, market) as has_bookmaker from latest l
)
select match_id, market, line, bookmaker, known_at, prices
from told
where bookmaker <> 'average' or not has_bookmaker
order by match_id, market, bookmaker
