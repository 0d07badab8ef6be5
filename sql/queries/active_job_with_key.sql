select id from procrastinate_jobs
where args #>> '{meta,unique_key}' = :unique_key and status in ('todo', 'doing')
