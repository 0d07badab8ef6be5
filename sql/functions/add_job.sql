-- Adds a job. Null when its unique key is taken. A function, because the server keeps its plan: without prepared
-- statements, which a pooler may not allow, planning would cost as much as the insert.
create or replace function add_job(
    p_queue text, p_type text, p_priority integer, p_run_after timestamptz, p_args jsonb, p_unique_key text, p_limit_key text
) returns bigint language plpgsql as $$
declare
    new_id bigint;
begin
    perform notice_failover();
    -- Into the whole table, not its partition: its trigger tells the workers.
    insert into procrastinate_jobs (queue_name, task_name, priority, scheduled_at, args, unique_key, limit_key, waits_for)
    values (p_queue, p_type, p_priority, p_run_after, p_args, p_unique_key, p_limit_key,
            case when p_run_after > clock_timestamp() then 'time' when p_limit_key is not null then 'limit' end)
    on conflict do nothing
    returning id into new_id;
    return new_id;
end $$;
