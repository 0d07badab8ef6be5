-- Pipelines: jobs that wait for others to complete, and are given their results.

-- The steps after these completed ones become ready when all that they wait for has completed. args.inputs then holds
-- the results of the jobs waited for, by the names of their steps.
create or replace function advance_graphs(p_completed bigint[]) returns void language plpgsql as $$
declare
    queue text;
begin
    if coalesce(cardinality(p_completed), 0) = 0 then
        return;
    end if;
    -- Two parents that end at once must not each believe that the other has not ended.
    perform from jobs_active j where j.waits_for = 'jobs' and j.id in (
        select e.job_id from graph_edges e where e.parent_id = any (p_completed)) order by j.id for update;
    for queue in
        with ready as (
            update jobs_active j
            set waits_for = case when j.scheduled_at > clock_timestamp() then 'time'
                                 when j.limit_key is not null then 'limit' end,
                args = j.args || jsonb_build_object('inputs', graph_inputs(j.id))
            where j.waits_for = 'jobs'
              and j.id in (select e.job_id from graph_edges e where e.parent_id = any (p_completed))
              and not still_waits_in_graph(j.id)
            returning j.queue_name, j.waits_for
        )
        select distinct queue_name from ready where waits_for is distinct from 'time'
    loop
        perform notify_ready(queue);
    end loop;
end $$;

create or replace function still_waits_in_graph(p_job bigint) returns boolean language sql stable as $$
    select exists (
        select from graph_edges e
        where e.job_id = p_job
          and not exists (select from jobs_finished f where f.id = e.parent_id and f.status = 'succeeded'))
$$;

create or replace function graph_inputs(p_job bigint) returns jsonb language sql stable as $$
    select coalesce(jsonb_object_agg(f.args #>> '{meta,step}', r.result), '{}')
    from graph_edges e
    join jobs_finished f on f.id = e.parent_id
    left join job_runs r on r.job_id = f.id and r.attempt = f.attempts
    where e.job_id = p_job
$$;
