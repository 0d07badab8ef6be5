-- procrastinate's own functions on these tables: its workers, defer API and command line keep working, and what they
-- do leaves the same runs behind.

create or replace function procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint)
returns procrastinate_jobs language plpgsql as $$
declare
    taken bigint;
    found_job procrastinate_jobs;
begin
    perform ready_due_jobs(0);
    perform let_limited_jobs_in(target_queue_names::text[]);
    select id into taken from fetch_jobs(p_worker_id, target_queue_names::text[], null, null, 1);
    select * into found_job from procrastinate_jobs where id = taken and status = 'doing';
    return found_job;
end $$;

create or replace function procrastinate_finish_job_v1(
    job_id bigint, end_status procrastinate_job_status, delete_job boolean
) returns void language plpgsql as $$
begin
    if end_status not in ('succeeded', 'failed', 'aborted') then
        raise 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    end if;
    perform end_unfenced(job_id, case end_status
        when 'succeeded' then 'completed' when 'aborted' then 'cancelled' else 'failed' end, null);
    if delete_job then
        perform delete_jobs(array[job_id]);
    end if;
end $$;

create or replace function procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean)
returns bigint language plpgsql as $$
declare
    was procrastinate_job_status;
begin
    select status into was from jobs_active where id = job_id and waits_for is distinct from 'jobs' for update;
    if was = 'doing' and not abort then
        return null;
    end if;
    if cardinality(cancel_jobs(array[job_id])) = 0 then
        return null;
    end if;
    if delete_job then
        perform delete_jobs(array[job_id]);
    end if;
    return job_id;
end $$;

create or replace function procrastinate_retry_job_v2(
    job_id bigint, retry_at timestamptz, new_priority integer, new_queue_name character varying,
    new_lock character varying
) returns void language plpgsql as $$
begin
    update jobs_active
        set priority = coalesce(new_priority, priority), queue_name = coalesce(new_queue_name, queue_name),
            lock = coalesce(new_lock, lock)
        where id = job_id and status = 'doing';
    if found then
        perform end_unfenced(job_id, 'failed', extract(epoch from retry_at - clock_timestamp()));
    elsif not (exists (select from jobs_finished where id = job_id and status = 'failed') and retry_job(job_id)) then
        raise 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    end if;
end $$;

create or replace function procrastinate_retry_job_v1(
    job_id bigint, retry_at timestamptz, new_priority integer, new_queue_name character varying,
    new_lock character varying
) returns void language sql as $$
    select procrastinate_retry_job_v2(job_id, retry_at, new_priority, new_queue_name, new_lock)
$$;

-- procrastinate does not know which attempt it ends: the current one it must be.
create or replace function end_unfenced(p_job bigint, p_outcome text, p_retry_in double precision)
returns void language plpgsql as $$
declare
    ended text;
begin
    select end_run(p_job, attempts + 1, 'procrastinate', p_outcome,
                   case when p_retry_in is not null then greatest(p_retry_in, 0) end, null,
                   case p_outcome when 'failed' then 'error' end,
                   case p_outcome when 'failed' then 'failed in a procrastinate worker' end, null, null, null, null)
        into ended
        from jobs_active where id = p_job and status = 'doing';
    if ended is null then
        raise 'Job was not found or not in "doing" status (job id: %)', p_job;
    end if;
end $$;
