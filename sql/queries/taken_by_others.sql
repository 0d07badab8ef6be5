select id, unique_key from jobs_active where unique_key = any (:keys) and id <> all (:new) order by id limit 1
