"""Faults injected into real workers and a real server while jobs flow, and an auditor of what came of it."""
