-- The last word before a match began stays, however old: how good predictions were is read from it.
delete from match_predictions where id in (
    select p.id
    from match_predictions p
    join matches m on m.id = p.match_id
    where p.predicted_at < now() - cast(:age as interval)
      and p.id is distinct from (
          select q.id from match_predictions q where q.match_id = p.match_id and q.as_of < m.kickoff_at
          order by q.as_of desc, q.predicted_at desc limit 1)
    order by p.predicted_at
    limit :limit)
