-- Jobs become ready: at their insert, at their time, or again after an attempt. Workers are told once per queue.

create or replace function notify_ready(p_queue text) returns void language plpgsql as $$
begin
    perform pg_notify('procrastinate_queue_v1#' || p_queue, '{"type": "job_inserted", "job_id": 0}');
    perform pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": 0}');
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
    perform notify_ready(n.queue_name)
        from (select distinct queue_name from added where status = 'todo' and (waits_for is null or waits_for = 'limit')) n;
    return null;
end $$;

create or replace trigger hold_new_job before insert on jobs_active
    for each row when (new.scheduled_at is not null and new.waits_for is null) execute function hold_new_job();

create or replace trigger notify_new_jobs after insert on procrastinate_jobs
    referencing new table as added for each statement execute function notify_new_jobs();
