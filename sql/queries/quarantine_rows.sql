insert into quarantined_rows (source, file, line, reason, raw, job_id)
select distinct on (source, file, line, reason) source, file, line, reason, raw, :job_id
from jsonb_to_recordset(cast(:rows as jsonb)) as g(source text, file text, line integer, reason text, raw jsonb)
order by source, file, line, reason
on conflict (source, file, line, reason) do update
    set raw = excluded.raw, job_id = excluded.job_id, last_seen_at = now()
