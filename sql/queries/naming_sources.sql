-- The source of most matches of each league.
select distinct on (league_code) league_code, source
from matches
where league_code = any (:leagues)
group by league_code, source
order by league_code, count(*) desc, source
