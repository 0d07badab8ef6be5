-- Who names the teams of each league: files wherever they have told of it, else the source of most of its matches.
select distinct on (league_code) league_code, source
from matches
where league_code = any (:leagues)
group by league_code, source
order by league_code, source = any (:files) desc, count(*) desc, source
