select id, queue_name, task_name, args, attempts + 1, failures from jobs_active j
where worker_id = %(worker)s and status = 'doing'
  and not exists (
      select from unnest(%(ids)s::bigint[], %(attempts)s::integer[]) as known (id, attempt)
      where known.id = j.id and known.attempt = j.attempts + 1)
