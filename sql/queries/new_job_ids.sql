-- The numbers of jobs that are added later: no trigger sees it.
select nextval('procrastinate_jobs_id_seq')
from (select notice_failover() offset 0) first, generate_series(1, :count)
