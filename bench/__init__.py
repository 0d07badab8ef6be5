"""Measurements that back the figures in the documentation; `make bench-...` runs them."""
