select fingerprint, status, body, location from take_idempotency_key(:key, :fingerprint)
