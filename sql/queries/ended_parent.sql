-- A step before this one that failed or was cancelled.
select j.id, j.status from graph_edges e join job_queue j on j.id = e.parent_id
where e.job_id = :id and j.status in ('failed', 'cancelled')
order by j.id
limit 1
