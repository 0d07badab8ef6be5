"""How long a job was without a run after its worker was gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.journal import Event
from tests.chaos.patience import until
from tests.chaos.stage import Stage
from tests.chaos.verdict import median, p95


@dataclass(frozen=True)
class Rescue:
    """Seconds from the fault to the death of the old process, and to the beginning of the next attempt."""

    attempt: int
    seconds: float
    child_seconds: float

    @classmethod
    def of(cls, place: Stage, began: Event, fault_at: float, patience: float) -> "Rescue":
        """Waits for both. Raises TookTooLong."""
        attempt = began.attempt + 1
        again = place.wait_for("begin", began.job_id, attempt, patience)
        died_at = until(f"process {began.pid} is gone", patience, lambda: place.deaths().get(began.pid))
        return cls(attempt, again.at - fault_at, died_at - fault_at)


def describe(seconds: Sequence[float]) -> str:
    return f"p50 {median(seconds):.1f} s, p95 {p95(seconds):.1f} s, max {max(seconds):.1f} s"
