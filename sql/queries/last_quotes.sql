-- Of each bookmaker the close, and the latest price before kick-off, that were known at a moment.
select distinct on (o.match_id, o.market, o.line, o.is_closing, o.bookmaker)
       o.match_id, o.market, o.line, o.is_closing, o.bookmaker, o.known_at, o.prices
from match_odds o join matches m on m.id = o.match_id
where o.match_id = any(:match_ids) and o.known_at <= :as_of
  and (o.is_closing or o.known_at <= m.kickoff_at)
order by o.match_id, o.market, o.line, o.is_closing, o.bookmaker, o.known_at desc
