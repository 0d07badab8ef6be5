-- The close of each bookmaker on the result of matches, as it was known at a moment.
select distinct on (match_id, bookmaker) match_id, bookmaker, known_at, prices
from match_odds
where match_id = any(:match_ids) and market = 'match_result' and is_closing and known_at <= :as_of
order by match_id, bookmaker, known_at desc
