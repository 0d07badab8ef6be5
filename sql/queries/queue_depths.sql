select queue_name as queue,
       count(*) filter (where status = 'todo') as pending,
       count(*) filter (where status = 'doing') as running,
       extract(epoch from now() - min(greatest(created_at, scheduled_at)) filter (
           where status = 'todo' and waits_for is null))::double precision as oldest_pending_seconds
from jobs_active
group by 1
order by 1
