select id from jobs_active where id = any (:ids) and status = 'doing' and not abort_requested
for update skip locked
