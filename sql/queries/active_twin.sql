select twin.id from procrastinate_jobs twin
join procrastinate_jobs j on j.args #>> '{meta,unique_key}' = twin.args #>> '{meta,unique_key}'
where j.id = :id and twin.id <> j.id and twin.status in ('todo', 'doing')
