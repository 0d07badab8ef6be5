"""Says that something cannot be had: when it begins, seldom while it lasts, and when it is over."""

import time
from collections.abc import Callable

import structlog

SECONDS_BETWEEN_COMPLAINTS = 10.0
SHORTEST_WAIT = 0.1

log = structlog.get_logger()


class Outage:
    """Of one part of a process, which asks again and again; `goes_on` tells it how long to wait each time.

    One that comes and goes is told once in `seconds_between` too.
    """

    def __init__(
        self,
        part: str,
        *,
        longest_wait: float,
        seconds_between: float = SECONDS_BETWEEN_COMPLAINTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._part, self._longest_wait = part, longest_wait
        self._seconds_between, self._clock = seconds_between, clock
        self._wait = SHORTEST_WAIT
        self._spoke_at: float | None = None
        self._is_known = False

    def goes_on(self, error: object, **facts: object) -> float:
        """The seconds to wait."""
        now = self._clock()
        if self._spoke_at is None or now - self._spoke_at >= self._seconds_between:
            self._spoke_at, self._is_known = now, True
            log.warning(f"{self._part}_unavailable", error=" ".join(str(error).split()), **facts)
        wait, self._wait = self._wait, min(self._wait * 2, self._longest_wait)
        return wait

    def is_over(self) -> None:
        if self._is_known:
            log.info(f"{self._part}_available")
        self._wait, self._is_known = SHORTEST_WAIT, False
