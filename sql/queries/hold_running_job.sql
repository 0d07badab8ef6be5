select id from jobs_active where id = :id and status = 'doing' and not abort_requested for update
