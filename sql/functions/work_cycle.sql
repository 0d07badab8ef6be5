-- One round trip of a worker: records what has ended, takes what fits. Rows without a type name the jobs whose
-- attempts were lost; id -1 says that this worker was declared dead and gets no jobs; with an attempt, they are what
-- fetch_jobs remembers. The others are jobs taken.
create or replace function work_cycle(
    p_worker bigint, p_name text,
    p_done bigint[], p_done_attempts integer[], p_results jsonb, p_ends jsonb,
    p_queues text[], p_capped text[], p_caps integer[], p_total integer,
    p_after_queues text[] default null, p_after_priorities integer[] default null, p_after_ids bigint[] default null
) returns table (
    id bigint, queue varchar, job_type varchar, args jsonb, attempt integer, failures smallint
) language plpgsql as $$
declare
    is_known boolean := true;
    ended bigint[];
    steps bigint[];
    completed record;
begin
    -- First of all: who declares a worker dead holds its row while waiting for the jobs and for their pipelines.
    if p_total > 0 then
        update procrastinate_workers w set last_fetch_at = clock_timestamp()
            where w.id = p_worker and w.last_fetch_at < clock_timestamp() - interval '1 second';
        if not found then
            perform from procrastinate_workers w where w.id = p_worker;
            is_known := found;
        end if;
    end if;
    if p_ends is not null then
        select array_agg(r.job_id), array_agg(r.ended_step) filter (where r.ended_step is not null)
            into ended, steps from record_ends(p_name, p_ends, p_worker) r;
        return query select (e ->> 'id')::bigint, null::varchar, null::varchar, null::jsonb, null::integer, null::smallint
            from jsonb_array_elements(p_ends) as e
            where ended is null or (e ->> 'id')::bigint <> all (ended);
    end if;
    if p_done is not null then
        completed := record_completions(p_name, p_done, p_done_attempts, p_results, p_worker);
        steps := steps || completed.steps;
        if cardinality(completed.ended) < cardinality(p_done) then
            return query select d.id, null::varchar, null::varchar, null::jsonb, null::integer, null::smallint
                from unnest(p_done) as d (id) where d.id <> all (completed.ended);
        end if;
    end if;
    if not is_known then
        return query select -1::bigint, null::varchar, null::varchar, null::jsonb, null::integer, null::smallint;
    elsif p_total > 0 then
        perform let_limited_jobs_in(p_queues);
        return query select * from fetch_jobs(p_worker, p_queues, p_capped, p_caps, p_total, true,
            p_after_queues, p_after_priorities, p_after_ids);
    end if;
    -- Once for both kinds of ends, and last: the fetch may wait, although it skips what is locked. (A row that changes
    -- while it is looked at leads to its new version, and that one's lock is waited for.) The steps that become ready
    -- are told of, and taken by the next cycle.
    if steps is not null then
        perform advance_graphs(steps);
    end if;
end $$;
