select abort_requested from jobs_active
where id = :job_id and status = 'doing' and attempts = :attempt - 1
for share
