select id from jobs_active where id = any (:ids) and waits_for = 'jobs'
