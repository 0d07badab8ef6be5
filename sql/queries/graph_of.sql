select graph_id from procrastinate_jobs where id = :id
