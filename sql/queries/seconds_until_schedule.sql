-- Null when no schedule has a next time.
select greatest(0, extract(epoch from next_at - clock_timestamp()))::double precision
from schedules
where paused_at is null and next_at is not null
order by next_at
limit 1
