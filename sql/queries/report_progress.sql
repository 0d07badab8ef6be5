-- Only an open run takes reports: an attempt that was rescued or ended elsewhere has nothing to say.
update job_runs r
set progress = p.fraction, step = p.step, message = p.message
from unnest(cast(:job_ids as bigint[]), cast(:attempts as integer[]), cast(:fractions as double precision[]),
            cast(:steps as text[]), cast(:messages as text[])) as p(job_id, attempt, fraction, step, message)
where r.job_id = p.job_id and r.attempt = p.attempt and r.finished_at is null
