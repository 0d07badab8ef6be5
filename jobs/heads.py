"""Where ready jobs begin, for fetches that would otherwise walk over what an old transaction keeps."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

# How long fetches may begin where the latest that looked at all has found ready jobs; at least so many times
# what it cost.
SECONDS_WITH_HEADS = 5.0
TIMES_ITS_COST = 10


class NewJobs(NamedTuple):
    """What a notification tells of jobs that were added: they are of this number or later ones."""

    queue: str
    priority: int
    first_id: int


class Heads:
    """Where the ready jobs of each queue and priority begin, remembered while it takes long to find out.

    Then fetches look only from there on, and from the new jobs on that notifications tell of. Of what
    becomes ready before it, a retry say, notifications tell that all is to be looked at; and one fetch in a
    while does so. Who is told of nothing always looks at all.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, int], int] = {}
        self._new: dict[tuple[str, int], int] = {}
        self._is_told = False
        self._must_look_at_all = False
        self._all_again_at = 0.0
        self.are_used = False

    def hear_of(self, new: NewJobs) -> None:
        self._is_told = True
        pair = new.queue, new.priority
        self._new[pair] = min(new.first_id, self._new.get(pair, new.first_id))

    def look_at_all(self) -> None:
        self._is_told = self._must_look_at_all = True

    def values(self, *, is_fetch: bool) -> dict[str, list[Any] | None]:
        """For the next round trip; all null has a fetch look at all."""
        heads = self._use() if is_fetch else {}
        return {
            "after_queues": [queue for queue, _ in heads] or None,
            "after_priorities": [priority for _, priority in heads] or None,
            "after_ids": list(heads.values()) or None,
        }

    def remember(self, heads: Mapping[tuple[str, int], int], seconds: float) -> None:
        """What the fetch has told, and how long it took. A quick one that looked at all tells nothing."""
        if not self.are_used:
            self._all_again_at = time.monotonic() + max(SECONDS_WITH_HEADS, TIMES_ITS_COST * seconds)
            self._heads.clear()
        self._heads.update(heads)

    def _use(self) -> dict[tuple[str, int], int]:
        """Before the question: what is heard of during it is for the next."""
        is_time = not self._is_told or self._must_look_at_all or time.monotonic() >= self._all_again_at
        self.are_used = bool(self._heads) and not is_time
        new, self._new, self._must_look_at_all = self._new, {}, False
        if not self.are_used:
            return {}
        for pair, first_id in new.items():
            self._heads[pair] = min(first_id, self._heads.get(pair, first_id))
        return self._heads
