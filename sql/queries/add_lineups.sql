insert into lineup_updates (match_id, side, source, team, known_at, players, sha256, job_id)
select g.match_id, g.side, g.source, g.team, g.known_at, g.players, g.sha256, :job_id
from jsonb_to_recordset(cast(:rows as jsonb)) as g(
    match_id bigint, side text, source text, team text, known_at timestamptz, players jsonb, sha256 text)
where g.sha256 is distinct from (
    select l.sha256 from lineup_updates l
    where (l.match_id, l.source, l.side) = (g.match_id, g.source, g.side)
    order by l.known_at desc, l.id desc limit 1)
order by g.match_id, g.side desc
returning match_id
