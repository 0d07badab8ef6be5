-- Whoever inserts the row acts on that time; until a job is there, it was skipped.
insert into schedule_ticks (schedule_id, tick_at, handled_at, outcome)
values (:schedule_id, :tick_at, clock_timestamp(), 'skipped')
on conflict do nothing
returning tick_at
