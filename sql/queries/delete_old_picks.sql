-- A pick that was bet on stays: it says why.
delete from picks where id in (
    select p.id
    from picks p
    where p.created_at < now() - cast(:age as interval)
      and not exists (select from bets b where b.pick_id = p.id)
    order by p.created_at
    limit :limit)
