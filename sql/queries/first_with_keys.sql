select id from jobs_active where unique_key = any (:keys) order by id = any (:new), id limit 1
