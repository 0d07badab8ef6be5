select id, queue_name, task_name, args, attempts, failures from jobs_active
where worker_id = %(worker)s and status = 'doing' and id <> all (%(known)s)
