update idempotency_keys set status = :status, body = :body, location = :location where key = :key
