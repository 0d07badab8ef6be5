-- The transaction that longest keeps the rows that are gone from being cleaned away: of a session, or prepared.
select held.seconds, held.holder
from (
    select extract(epoch from clock_timestamp() - xact_start)::float8 as seconds,
           format('the session %s (%s) of %s', pid, coalesce(nullif(application_name, ''), 'unnamed'), usename) as holder
    from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and backend_xmin is not null and pid <> pg_backend_pid()
      and xact_start is not null
    union all
    select extract(epoch from clock_timestamp() - prepared)::float8, format('the prepared transaction %s', gid)
    from pg_prepared_xacts
    where database = current_database()
) held
order by held.seconds desc
limit 1
