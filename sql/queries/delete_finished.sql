select delete_finished_jobs(:older_than, :limit)
