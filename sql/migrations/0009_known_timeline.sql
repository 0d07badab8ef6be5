-- The timeline that the numbers of jobs and workers were last given on: its last value. A sequence, because what it is set
-- to stays, whatever becomes of the transaction.
create sequence known_timeline;
comment on sequence known_timeline is
    'The timeline of the server when a job was last added: another one means a failover or a restored backup.';
select setval('known_timeline', hashint8extended(
    s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint) & x'7fffffffffff'::bigint | 1)
from pg_control_system() s;
