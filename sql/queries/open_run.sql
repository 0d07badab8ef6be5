select open_run(%(job)s, %(attempt)s, %(worker)s) as failures
