"""A few numbers that a worker, its pulse and its children share in memory: who is alive, and since when."""

import mmap
import os
import time
from multiprocessing import reduction
from typing import Any

# Past this without a sign of life in the database a worker must count itself as dead.
ALONE_SECONDS = 10.0
# Past this the other workers count it as dead. The difference is for stopping what still runs.
SILENT_SECONDS = 15.0
# So long a worker that is alone may take to stop its jobs; then it must end itself.
SECONDS_TO_STOP = (SILENT_SECONDS - ALONE_SECONDS) / 2

FIELDS = ("ticked_at", "may_block_until", "running", "worker_id", "beaten_at", "dead_worker_id", "polls")


def boot_time() -> float:
    """Seconds of a clock that nobody sets and that runs on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Vitals:
    """Shared by inheriting the memory's file descriptor: nothing of it is left when the last process ends.

    The worker writes `ticked_at`, `may_block_until`, `running`, `worker_id` and `polls` (it hears no
    notifications); its pulse writes `beaten_at`
    (the start of the last sign of life that reached the database) and `dead_worker_id` (declared dead).
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = os.memfd_create("vitals") if descriptor is None else descriptor
        if descriptor is None:
            os.ftruncate(self._descriptor, mmap.PAGESIZE)
        self._fields = memoryview(mmap.mmap(self._descriptor, mmap.PAGESIZE)).cast("d")

    def __reduce__(self) -> tuple[Any, ...]:
        # Works while a process is being started, as for the pipes of multiprocessing.
        return _attach, (reduction.DupFd(self._descriptor),)

    def __getitem__(self, field: str) -> float:
        return self._fields[FIELDS.index(field)]

    def __setitem__(self, field: str, value: float) -> None:
        self._fields[FIELDS.index(field)] = value

    @property
    def is_alone(self) -> bool:
        """The database has not heard of this worker for so long that others may soon take its jobs."""
        return boot_time() - self["beaten_at"] > ALONE_SECONDS


def _attach(descriptor: Any) -> Vitals:
    return Vitals(descriptor.detach())
