select twin.id from jobs_finished j join jobs_active twin on twin.unique_key = j.unique_key
where j.id = :id
