"""The web process: enqueues jobs and reads tables. It never loads the modeling libraries."""
