select end_run(%(job)s, %(attempt)s, %(worker)s, %(outcome)s, %(retry_at)s, %(result)s,
               %(error_kind)s, %(error)s, %(trace)s, %(progress)s, %(step)s, %(message)s) as status
