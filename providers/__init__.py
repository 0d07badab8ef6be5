"""The outside world: one file per source, each answering with the same typed rows."""
