-- In the order of the ids, so that two sessions never wait for each other. What waits for other jobs is held by the lock
-- of its pipeline, which comes later.
select id from jobs_active
where id = any (:ids) and status = 'todo' and waits_for is distinct from 'jobs'
order by id for update
