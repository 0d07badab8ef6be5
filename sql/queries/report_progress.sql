-- Only an attempt that still holds its job has something to say.
insert into job_runs as r (job_id, attempt, worker, started_at, progress, step, message)
select j.id, p.attempt, coalesce(w.name, 'unknown'), coalesce(j.started_at, now()), p.fraction, p.step, p.message
from unnest(cast(:job_ids as bigint[]), cast(:attempts as integer[]), cast(:fractions as double precision[]),
            cast(:steps as text[]), cast(:messages as text[]), cast(:workers as bigint[]))
    as p (job_id, attempt, fraction, step, message, worker_id)
join jobs_active j on j.id = p.job_id and j.status = 'doing' and j.attempts = p.attempt - 1
    and (p.worker_id is null or j.worker_id = p.worker_id)
left join procrastinate_workers w on w.id = j.worker_id
on conflict (job_id, attempt) do update
    set progress = excluded.progress, step = excluded.step, message = excluded.message
    where r.finished_at is null
