select j.id as job_id, a.args #>> '{meta,step}' as name, j.job_type,
       array(select p.args #>> '{meta,step}' from graph_edges e join procrastinate_jobs p on p.id = e.parent_id
             where e.job_id = j.id order by p.id) as after,
       j.status, j.attempt, j.started_at, j.finished_at, j.cancel_requested, j.progress, j.message,
       case when :results then j.result end as result, j.error_kind, j.error
from procrastinate_jobs a
join job_queue j on j.id = a.id
where a.graph_id = :graph_id
order by j.id
