-- Takes an Idempotency-Key for the calling transaction, and gives no values; or gives the answer kept for it. A key
-- that another transaction has taken and not committed is waited for, up to the lock_timeout below.
create or replace function take_idempotency_key(p_key text, p_fingerprint bytea) returns table (
    fingerprint bytea, status smallint, body text, location text
) language plpgsql set lock_timeout = '3s' as $$
begin
    loop
        delete from idempotency_keys k where k.key = p_key and k.created_at < clock_timestamp() - interval '24 hours';
        insert into idempotency_keys (key, fingerprint) values (p_key, p_fingerprint) on conflict do nothing;
        if found then
            return;
        end if;
        return query select k.fingerprint, k.status, k.body, k.location from idempotency_keys k where k.key = p_key;
        if found then  -- otherwise it was deleted in between
            return;
        end if;
    end loop;
end $$;
