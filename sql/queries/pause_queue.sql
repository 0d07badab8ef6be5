-- A second pause changes nothing: who paused it first, and when, stays.
insert into queues (name, paused_at, paused_by) values (:name, clock_timestamp(), :by)
on conflict (name) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by
where queues.paused_at is null
