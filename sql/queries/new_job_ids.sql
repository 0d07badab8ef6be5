select nextval('procrastinate_jobs_id_seq') from generate_series(1, :count)
