"""The engine: what a job type is, the queue, the worker. Knows no handler by name and no sport."""
