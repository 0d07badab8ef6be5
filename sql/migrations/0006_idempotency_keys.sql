-- Requests that added jobs and were answered, by the key that their client gave them.

create table idempotency_keys (
    key text primary key check (key ~ '^[!-~]{1,255}$'),
    fingerprint bytea not null check (length(fingerprint) = 32),
    status smallint,
    body text,
    location text,
    created_at timestamptz not null default clock_timestamp(),
    check ((status is null) = (body is null))
);
create index idempotency_keys_created on idempotency_keys (created_at);
comment on table idempotency_keys is
    'One row is one request that added jobs, with the answer it got; the same request gets it again for 24 hours.';
comment on column idempotency_keys.fingerprint is 'SHA-256 of method, path and body: the key stands for these alone.';
comment on column idempotency_keys.status is 'Of the answer; null only within the transaction that adds the jobs.';
