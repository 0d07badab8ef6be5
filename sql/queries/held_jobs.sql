select id, attempts + 1, abort_requested from jobs_active
where id = any (%(ids)s) and status = 'doing' and worker_id = %(worker)s
