-- Only where something changes: a lock on the row would keep jobs of other transactions waiting.
insert into limits (key, at_once, starts, per)
select new.key, new.at_once, new.starts, case when new.starts is not null then new.per end
from (select :key as key, cast(:at_once as integer) as at_once, cast(:starts as integer) as starts,
             cast(:per as interval) as per) new
where not exists (
    select from limits l
    where l.key = new.key and l.at_once is not distinct from new.at_once and l.starts is not distinct from new.starts
      and (new.starts is null or l.per = new.per))
on conflict (key) do update set at_once = excluded.at_once, starts = excluded.starts, per = excluded.per
