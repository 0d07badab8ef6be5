-- Who has the unique key of one of these jobs, or of a step that would go back with them.
select twin.id
from jobs_finished j
join jobs_active twin on twin.unique_key = j.unique_key
where j.id = any (:ids)
   or (j.status <> 'succeeded' and j.graph_id in (select f.graph_id from jobs_finished f where f.id = any (:ids)))
order by twin.id
limit 1
