select j.id, job_status(j.status) as status from procrastinate_jobs j where j.graph_id = :graph_id order by j.id
