select id from jobs_active where id = any (%(ids)s) and status = 'doing' and abort_requested
