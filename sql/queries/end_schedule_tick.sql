-- What became of a claimed time, and when the next one is. The oldest ticks go, so that they stay few.
with ended as (
    update schedule_ticks set outcome = :outcome, job_id = :job_id, error = :error
    where schedule_id = :schedule_id and tick_at = :tick_at
), gone as (
    delete from schedule_ticks
    where schedule_id = :schedule_id and tick_at < (
        select tick_at from schedule_ticks where schedule_id = :schedule_id
        order by tick_at desc offset :kept - 1 limit 1)
)
update schedules
set next_at = :next_at,
    waits_for_job = :waits_for_job,
    last_at = case when cast(:job_id as bigint) is null then last_at else :tick_at end,
    last_job_id = coalesce(:job_id, last_job_id),
    last_error = :error,
    updated_at = clock_timestamp()
where id = :schedule_id
