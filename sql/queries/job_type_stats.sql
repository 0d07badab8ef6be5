select t.job_type, t.counts, d.seconds_p50, d.seconds_p95
from (
    select job_type, jsonb_object_agg(status, jobs) as counts
    from (select job_type, status, count(*) as jobs from job_queue group by 1, 2) c
    group by 1
) t
left join (
    select j.task_name as job_type,
           percentile_cont(0.5) within group (order by extract(epoch from r.finished_at - r.started_at)) as seconds_p50,
           percentile_cont(0.95) within group (order by extract(epoch from r.finished_at - r.started_at)) as seconds_p95
    from procrastinate_jobs j
    join job_runs r on r.job_id = j.id and r.outcome = 'completed'
    where j.created_at >= now() - interval '1 day'
    group by 1
) d using (job_type)
order by 1
