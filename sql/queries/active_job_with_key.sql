select id from jobs_active where unique_key = :unique_key
