select abort_requested from procrastinate_jobs
where id = :job_id and status = 'doing' and attempts = :attempt - 1
for share
