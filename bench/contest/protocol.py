"""What a contestant is, and the subcommands by which the benchmark speaks to it: JSON comes back on stdout.

It must work in every contestant's interpreter: the standard library only.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.contest.counter import Counter

LOOK_SECONDS = 0.0005
SHORTEST_PAUSE = 0.002
LONGEST_PAUSE = 0.02
LOST_SECONDS = 10.0
WARM_UP_JOBS = 10

Answer = dict[str, Any]


class Contestant(ABC):
    """A job platform in its recommended configuration, with one job type: a no-op that bumps the counter."""

    package: str
    # The table that a worker takes its jobs from: while it is locked, nobody can begin.
    table: str
    # One row: is there a job that is due and not recorded as finished; how many are recorded as done.
    unfinished: str
    finished: str
    # Fill the platform's own tables with $n jobs: ready now, done before, for tomorrow.
    fill_ready: str
    fill_finished: str
    fill_future: str

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @abstractmethod
    async def set_up(self) -> None:
        """Creates the schema in an empty database."""

    @abstractmethod
    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        """Runs one worker until told to stop."""

    @abstractmethod
    async def open(self) -> None:
        """Connects as a client that enqueues."""

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def enqueue(self) -> None:
        """Adds one job, durably."""

    @abstractmethod
    async def enqueue_many(self, jobs: int) -> None:
        """Adds so many jobs in one call."""

    def run(self, main: Coroutine[Any, Any, Answer]) -> Answer:
        """On the event loop that the platform's own command line uses."""
        return asyncio.run(main)


def main(contestant: type[Contestant]) -> int:
    given = _parse()
    one = contestant(given.dsn)
    commands: dict[str, Callable[[], Coroutine[Any, Any, Answer]]] = {
        "about": lambda: _about(one),
        "setup": lambda: _set_up(one),
        "bulk": lambda: _bulk(one, given.jobs, given.batch),
        "single": lambda: _single(one, given.jobs),
        "latency": lambda: _latency(one, given.jobs, given.seconds, Counter(given.counter)),
        "work": lambda: _work(one, given.concurrency),
    }
    sys.stdout.write(json.dumps(one.run(commands[given.command]())) + "\n")
    return 0


async def _about(one: Contestant) -> Answer:
    fills = {"ready": one.fill_ready, "finished": one.fill_finished, "future": one.fill_future}
    return {
        "version": version(one.package),
        "python": ".".join(map(str, sys.version_info[:3])),
        "table": one.table,
        "unfinished": one.unfinished,
        "finished": one.finished,
        "fills": fills,
    }


async def _set_up(one: Contestant) -> Answer:
    await one.set_up()
    return {}


async def _bulk(one: Contestant, jobs: int, batch: int) -> Answer:
    await one.open()
    began = time.perf_counter()
    for _ in range(jobs // batch):
        await one.enqueue_many(batch)
    seconds = time.perf_counter() - began
    await one.close()
    return {"jobs": jobs // batch * batch, "seconds": seconds}


async def _single(one: Contestant, jobs: int) -> Answer:
    await one.open()
    for _ in range(WARM_UP_JOBS):
        await one.enqueue()
    began = time.perf_counter()
    for _ in range(jobs):
        await one.enqueue()
    seconds = time.perf_counter() - began
    await one.close()
    return {"jobs": jobs, "seconds": seconds}


async def _latency(one: Contestant, jobs: int, seconds: float, counter: Counter) -> Answer:
    """From just before the enqueue to the job's first line, one job after another on an idle worker."""
    await one.open()
    waits: list[float] = []
    until = time.monotonic() + seconds
    for number in range(WARM_UP_JOBS + jobs):
        if waits and time.monotonic() > until:
            break
        wait = await _wait_of_one(one, counter)
        if number >= WARM_UP_JOBS:
            waits.append(wait * 1_000)
        await asyncio.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))  # noqa: S311 - no secret
    await one.close()
    return {"waits_ms": waits}


async def _wait_of_one(one: Contestant, counter: Counter) -> float:
    before, began = counter.total(), time.time()
    await one.enqueue()
    while counter.total() == before:
        if time.time() - began > LOST_SECONDS:
            raise TimeoutError(f"a job did not begin within {LOST_SECONDS:g} s")
        await asyncio.sleep(LOOK_SECONDS)
    return counter.last_begun_at() - began


async def _work(one: Contestant, concurrency: int) -> Answer:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await one.work(concurrency, told)
    return {}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["about", "setup", "bulk", "single", "latency", "work"])
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--counter", type=Path)
    return parser.parse_args()
