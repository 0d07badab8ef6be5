select delete_finished_jobs(cast(:completed as interval), cast(:failed as interval), cast(:cancelled as interval), :limit)
