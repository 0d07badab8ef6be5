-- The registry, each worker with the first of the jobs that it runs. The database's clock decides who is silent.
select w.id, w.name, w.host, w.pid, w.version, w.queues, w.concurrency, w.started_at, w.memory_bytes, w.last_fetch_at, w.polls,
       greatest(0, extract(epoch from clock_timestamp() - w.last_heartbeat))::double precision as heartbeat_age_seconds,
       w.last_heartbeat < clock_timestamp() - w.silent_after as is_silent,
       (select count(*) from jobs_active j where j.worker_id = w.id and j.status = 'doing') as running,
       array(select j.id from jobs_active j where j.worker_id = w.id and j.status = 'doing'
             order by j.id limit :jobs) as job_ids,
       array(select j.task_name::text from jobs_active j where j.worker_id = w.id and j.status = 'doing'
             order by j.id limit :jobs) as job_types
from procrastinate_workers w
order by w.id
limit :limit
