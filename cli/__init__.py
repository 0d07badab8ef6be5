"""The `matchday` command: starts the processes, and talks to the API for everything about jobs."""
