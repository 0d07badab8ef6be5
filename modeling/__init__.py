"""Learning from past matches: training, validation by time, artifacts, prediction."""
