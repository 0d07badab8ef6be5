"""Who used the processors while a cell was measured."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """Processor seconds since some beginning; `at` is the time they were read."""

    at: float
    server: float
    workers: float
    ours: float
    busy: float

    def since(self, before: "Usage", jobs: int) -> dict[str, float]:
        """Milliseconds a job of server and workers; the share of all cores that others had."""
        elapsed = max(self.at - before.at, 1e-9) * (os.cpu_count() or 1)
        server, workers = self.server - before.server, self.workers - before.workers
        others = (self.busy - before.busy) - server - workers - (self.ours - before.ours)
        return {
            "server_ms_per_job": round(server * 1_000 / max(jobs, 1), 4),
            "worker_ms_per_job": round(workers * 1_000 / max(jobs, 1), 4),
            "other_cpu_share": round(max(0.0, others / elapsed), 3),
        }


def usage(server_pid: int, worker_pids: Iterable[int]) -> Usage:
    busy = psutil.cpu_times()
    return Usage(
        at=time.monotonic(),
        server=_tree_seconds(server_pid),
        workers=sum(map(_tree_seconds, worker_pids)),
        ours=sum(os.times()[:4]),
        busy=sum(busy) - busy.idle - getattr(busy, "iowait", 0.0) - getattr(busy, "guest", 0.0),
    )


def _tree_seconds(pid: int) -> float:
    """Of a process and all below it, those included that have ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return sum(map(_seconds, [process, *process.children(recursive=True)]))
    return 0.0


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return sum(process.cpu_times()[:4])
    return 0.0
