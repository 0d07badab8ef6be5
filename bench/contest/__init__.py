"""The contestants of the queue benchmark and what measures them.

Each contestant runs in an interpreter of its own: `python -m bench.contest NAME COMMAND ...`.
"""
