"""How many jobs a worker may take: its slots, the caps of single queues, short jobs ahead of their slots."""

from collections import Counter
from collections.abc import Mapping

from jobs.queue import Wanted

# Jobs are taken ahead only as many as will probably begin within this time.
AHEAD_SECONDS = 0.02
MOST_AHEAD = 1024
# The average is thought to be at least this when long jobs have come between.
STUCK_SECONDS = 1.0
# How much the latest run counts in the average duration.
WEIGHT = 0.1


class Room:
    """Counts what is held and what runs. `caps` bounds the jobs of single queues."""

    def __init__(
        self, slots: int, queues: tuple[str, ...] = (), caps: Mapping[str, int] | None = None
    ) -> None:
        self._slots, self._queues, self._caps = slots, queues, dict(caps or {})
        self._running = 0
        self._held: Counter[str] = Counter()
        self._mean_seconds = 1.0  # until it is known, jobs are thought too long to be taken ahead

    @property
    def has_slot(self) -> bool:
        return self._running < self._slots

    def enter(self, queue: str) -> None:
        """A job was taken."""
        self._held[queue] += 1

    def leave(self, queue: str) -> None:
        """It is held no more."""
        self._held[queue] -= 1

    def begin(self) -> None:
        """A slot has work."""
        self._running += 1

    def end(self) -> None:
        """A slot is free."""
        self._running -= 1

    def took(self, seconds: float) -> None:
        """A job ran so long."""
        self._mean_seconds += WEIGHT * (seconds - self._mean_seconds)

    def is_stuck(self) -> None:
        """What was taken ahead could not begin: nothing more is, until short jobs run again."""
        self._mean_seconds = max(self._mean_seconds, STUCK_SECONDS)

    def is_low(self, ahead: int) -> bool:
        """Whether it is time to take more: a slot has nothing to do, or soon will not."""
        if not self._cap_left:
            return False
        most = self._most_ahead
        return ahead <= most // 2 and (most > 0 or self._running < self._slots)

    def wanted(self, ahead: int) -> Wanted:
        """What to ask the queue for, with so many jobs taken and not begun."""
        most = self._most_ahead
        free = self._slots - self._running
        # Half of what may be ahead: while the database works at one half, the other half runs.
        total = max(0, free + min(most - ahead, most - most // 2))
        caps = {queue: max(0, cap - self._held[queue]) for queue, cap in self._caps.items()}
        return Wanted(min(total, self._cap_left or 0), self._queues, caps)

    @property
    def _most_ahead(self) -> int:
        if self._mean_seconds >= AHEAD_SECONDS:
            return 0
        return min(MOST_AHEAD, int(self._slots * AHEAD_SECONDS / max(self._mean_seconds, 1e-6)))

    @property
    def _cap_left(self) -> int:
        """How many more jobs the caps allow: without end where a queue has none."""
        if not self._queues or any(queue not in self._caps for queue in self._queues):
            return 1_000_000
        return sum(max(0, self._caps[queue] - self._held[queue]) for queue in self._queues)
