with before as (
    delete from procrastinate_workers where id = %(before)s
)
insert into procrastinate_workers (name, host, pid, version, queues, concurrency, silent_after, last_heartbeat)
select %(name)s, %(host)s, %(pid)s, %(version)s, %(queues)s::jsonb, %(concurrency)s,
       make_interval(secs => %(silent_seconds)s), clock_timestamp()
from (select notice_failover() offset 0) first
returning id
