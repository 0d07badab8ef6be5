-- One job by its id, for a test that runs it itself; workers would take it for the job of a dead one.
update jobs_active set status = 'doing', started_at = clock_timestamp(), waits_for = null
where id = :id and status = 'todo'
returning attempts + 1
