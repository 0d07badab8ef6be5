insert into limits (key, blocked_until) values (:key, clock_timestamp() + :wait)
on conflict (key) do update
    set blocked_until = greatest(limits.blocked_until, excluded.blocked_until)
