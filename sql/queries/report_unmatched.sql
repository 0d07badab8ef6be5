insert into unmatched_teams as u (source, league_code, name, suggestions, job_id)
select :source, league_code, name, suggestions, :job_id
from jsonb_to_recordset(cast(:rows as jsonb)) as g(league_code text, name text, suggestions jsonb)
order by league_code, name
on conflict on constraint unmatched_teams_natural_key do update
    set suggestions = excluded.suggestions, job_id = excluded.job_id, times_seen = u.times_seen + 1, last_seen_at = now()
