-- Whoever is cut off in the middle of this transaction must not keep the job from the others: the server ends it.
select abort_requested, set_config('idle_in_transaction_session_timeout', :longest_idle, true) from jobs_active
where id = :job_id and status = 'doing' and attempts = :attempt - 1
  and (cast(:worker_id as bigint) is null or worker_id = :worker_id)
for share
