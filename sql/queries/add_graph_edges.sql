insert into graph_edges (job_id, parent_id)
select * from unnest(cast(:jobs as bigint[]), cast(:parents as bigint[]))
