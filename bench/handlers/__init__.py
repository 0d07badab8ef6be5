"""Job types that do nothing, so that a measurement sees the engine alone."""

from bench.handlers.noop import NoopHandler
from bench.handlers.noop_process import NoopProcessHandler

__all__ = ["NoopHandler", "NoopProcessHandler"]
