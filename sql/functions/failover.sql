-- A standby that takes over without the last words of the server before it would give their numbers again: who waits for
-- job 7 would be told of another job 7. Each takeover begins a new timeline, a restored dump is on another server; the first
-- who asks for a number there moves all numbers on by more than can have been lost.

create or replace function server_timeline() returns bigint language sql volatile as $$
    select hashint8extended(s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint)
           & x'7fffffffffff'::bigint | 1
    from pg_control_system() s
$$;

create or replace function notice_failover() returns boolean language plpgsql as $$
declare
    sequence regclass;
begin
    if server_timeline() is not distinct from pg_sequence_last_value('known_timeline') then
        return false;
    end if;
    perform pg_advisory_xact_lock(7236054814);
    if server_timeline() is not distinct from pg_sequence_last_value('known_timeline') then
        return false;
    end if;
    foreach sequence in array array['procrastinate_jobs_id_seq', 'procrastinate_workers_id_seq']::regclass[] loop
        perform setval(sequence, coalesce(pg_sequence_last_value(sequence), 0) + 1000000);
    end loop;
    perform setval('known_timeline', server_timeline());
    raise log 'matchday: another timeline (%), so the next job is number %: those between are not used',
        server_timeline(), pg_sequence_last_value('procrastinate_jobs_id_seq') + 1;
    return true;
end $$;
