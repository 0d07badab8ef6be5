select * from work_cycle(
    %(worker)s, %(name)s, %(done)s::bigint[], %(attempts)s::integer[], %(results)s::jsonb, %(ends)s::jsonb,
    %(queues)s::text[], %(capped)s::text[], %(caps)s::integer[], %(total)s,
    %(after_queues)s::text[], %(after_priorities)s::integer[], %(after_ids)s::bigint[])
