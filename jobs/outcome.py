"""How a run ended. Decided in one place (jobs.supervisor), written in one statement (jobs.queue)."""

from typing import Any, Literal, NamedTuple

from jobs.progress import Progress
from store.jsonb import storable_text

ErrorKind = Literal["error", "timeout", "memory", "crash", "lost"]
Outcome = Literal["completed", "failed", "cancelled", "interrupted", "snoozed", "released"]


class RunEnd(NamedTuple):
    """The end of one attempt; with `retry_in` (seconds of the database's clock) its job goes back."""

    outcome: Outcome
    result: Any = None
    error_kind: ErrorKind | None = None
    error: str | None = None
    trace: str | None = None
    retry_in: float | None = None
    has_begun: bool = True  # otherwise it is no start that counts under a limit


COMPLETED = RunEnd("completed")
RELEASED = RunEnd("released", retry_in=0, has_begun=False)  # taken, and never begun
# Of a type that this worker does not know, or cannot import: another release's, most likely.
NO_HANDLER = RunEnd("interrupted", retry_in=15.0, has_begun=False)


class NoHandler(Exception):
    """The child could not import the handler; the text says why."""


class Ended(NamedTuple):
    """What is written of an attempt: its end, and its last report if it made any."""

    job_id: int
    attempt: int
    end: RunEnd
    progress: Progress | None = None
    has_reported: bool = True  # its run may be in the table already
    is_refusal: bool = False

    @property
    def is_plain(self) -> bool:
        """Completed, with nothing else to say than a result: what the queue records fastest."""
        return self.end.outcome == "completed" and not self.has_reported

    def as_row(self) -> dict[str, Any]:
        """As the SQL function end_runs takes it."""
        row: dict[str, Any] = {"id": self.job_id, "attempt": self.attempt, "outcome": self.end.outcome}
        row |= {"retry_in": self.end.retry_in, "result": self.end.result, "error_kind": self.end.error_kind}
        row |= {"error": self.end.error, "trace": self.end.trace, "has_begun": self.end.has_begun}
        if self.progress is not None:
            row |= {"progress": self.progress.fraction, "step": self.progress.step}
            row["message"] = self.progress.message
        return row

    def refused(self, reason: str) -> "Ended":
        """The same attempt, failed because the database would not store how it ended."""
        error = storable_text(f"its end could not be stored: {reason}")
        end = RunEnd("failed", error_kind="error", error=error)
        return Ended(self.job_id, self.attempt, end, is_refusal=True)


class RunFailed(Exception):
    """A run that ended badly: its kind, a short text that is safe to show, the trace for the operator."""

    def __init__(
        self, kind: ErrorKind, message: str, *, trace: str | None = None, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.trace = trace
        self.transient = transient
