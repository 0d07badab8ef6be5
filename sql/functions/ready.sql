-- Jobs become ready: at their insert, at their time, or again after an attempt. Workers are told once per queue: of new
-- jobs of one priority which is the first, so that they need not look at those before it; of others that any may be ready.

create or replace function notify_ready(p_queue text) returns void language plpgsql as $$
begin
    perform pg_notify('procrastinate_queue_v1#' || p_queue, '{"type": "job_inserted", "job_id": 0}');
    perform pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": 0}');
end $$;

create or replace function notify_new(p_queue text, p_priority integer, p_first bigint) returns void language plpgsql as $$
declare
    payload text := json_build_object('type', 'job_inserted', 'job_id', p_first, 'queue', p_queue, 'priority', p_priority);
begin
    perform pg_notify('procrastinate_queue_v1#' || p_queue, payload);
    perform pg_notify('procrastinate_any_queue_v1', payload);
end $$;

create or replace function hold_new_job() returns trigger language plpgsql as $$
begin
    if new.scheduled_at > clock_timestamp() then
        new.waits_for := 'time';
    end if;
    return new;
end $$;

create or replace function notify_new_jobs() returns trigger language plpgsql as $$
begin
    -- Whoever adds jobs past our functions has their numbers by now, and must ask again. What was noticed stays.
    if notice_failover() then
        raise 'another server has taken over: add the job again' using errcode = 'serialization_failure';
    end if;
    perform case when n.has_one_priority then notify_new(n.queue_name, n.priority, n.first) else notify_ready(n.queue_name) end
        from (select queue_name, min(priority) as priority, min(priority) = max(priority) as has_one_priority, min(id) as first
              from added where status = 'todo' and (waits_for is null or waits_for = 'limit') group by queue_name) n;
    return null;
end $$;

create or replace trigger hold_new_job before insert on jobs_active
    for each row when (new.scheduled_at is not null and new.waits_for is null) execute function hold_new_job();

create or replace trigger notify_new_jobs after insert on procrastinate_jobs
    referencing new table as added for each statement execute function notify_new_jobs();
