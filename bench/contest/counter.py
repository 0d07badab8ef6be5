"""A file in memory: how many jobs each worker process has begun, when the first and the last.

It must work in every contestant's interpreter: the standard library only.
"""

import mmap
import os
import struct
import time
from functools import cache
from pathlib import Path
from typing import Self

FILE = "BENCH_COUNTER"
SLOT = "BENCH_SLOT"
# First begin, last begin, count: who sees that the count has grown finds the times there.
LAYOUT = struct.Struct("=ddq")


class Counter:
    """One slot for each worker process, so that no two of them write to the same place."""

    def __init__(self, path: Path, slot: int = 0) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._slots = len(self._memory) // LAYOUT.size
        self._at = slot * LAYOUT.size
        self._first, _, self._count = LAYOUT.unpack_from(self._memory, self._at)

    @classmethod
    def create(cls, path: Path, slots: int) -> Self:
        path.write_bytes(bytes(LAYOUT.size * slots))
        return cls(path)

    def bump(self, jobs: int = 1) -> None:
        """What a job does; its worker alone writes to the slot."""
        now = time.time()
        self._first = self._first or now
        self._count += jobs
        LAYOUT.pack_into(self._memory, self._at, self._first, now, self._count)

    def total(self) -> int:
        return sum(count for _, _, count in self._all())

    def first_begun_at(self) -> float:
        """Seconds since the epoch; 0 before the first."""
        return min((first for first, _, count in self._all() if count), default=0.0)

    def last_begun_at(self) -> float:
        """Seconds since the epoch."""
        return max(last for _, last, _ in self._all())

    def _all(self) -> list[tuple[float, float, int]]:
        return [LAYOUT.unpack_from(self._memory, slot * LAYOUT.size) for slot in range(self._slots)]


@cache
def of_this_worker() -> Counter:
    return Counter(Path(os.environ[FILE]), int(os.environ[SLOT]))
