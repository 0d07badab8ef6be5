delete from idempotency_keys
where key = any (array(
    select key from idempotency_keys where created_at < now() - interval '24 hours'
    order by created_at limit :limit for update skip locked))
