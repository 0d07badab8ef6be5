"""Settings and logging: the only code that reads the environment."""
