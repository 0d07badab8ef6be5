select distinct on (side, source) side, source, team, known_at, players,
       count(*) over (partition by side, source) - 1 as changes
from lineup_updates
where match_id = :match_id
order by side desc, source, known_at desc, id desc
