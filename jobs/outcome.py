"""How a run ended. Decided in one place (jobs.supervisor), written in one statement (jobs.queue)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

ErrorKind = Literal["error", "timeout", "memory", "crash", "lost"]


@dataclass(frozen=True)
class RunEnd:
    """The end of one attempt; with `retry_at` the job goes back to its queue."""

    outcome: Literal["completed", "failed", "cancelled", "interrupted"]
    result: Any = None
    error_kind: ErrorKind | None = None
    error: str | None = None
    trace: str | None = None
    retry_at: datetime | None = None


class RunNotOpened(Exception):
    """The database went away before the run was opened: nothing of the handler has run."""


class RunFailed(Exception):
    """A run that ended badly: its kind, a short text that is safe to show, the trace for the operator."""

    def __init__(
        self, kind: ErrorKind, message: str, *, trace: str | None = None, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.trace = trace
        self.transient = transient
