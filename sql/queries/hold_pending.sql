-- In the order of the ids, so that two sessions never wait for each other.
select id from jobs_active where id = any (:ids) and status = 'todo' order by id for update
