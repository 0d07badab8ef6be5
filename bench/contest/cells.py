"""What is measured of a contestant, each in a fresh database.

A drain's jobs are there before its workers are. The table is locked until every worker waits for it, so that
nobody pays for imports; then the clock runs from the first job's begin until no unfinished job is left, or to
the cut.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.contest.counter import Counter
from bench.contest.crew import Contestant, ContestantFailed, Workers, workers
from bench.contest.machine import usage
from bench.contest.process_start import process_starts_ms
from bench.contest.server import Server, Tables

LOOK_SECONDS = 0.003
SECONDS_TO_BEGIN = 60.0
SETTLE_SECONDS = 0.3
IDLE_SECONDS = 1.0
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Figures = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the cuts are the longest that drains and waits may take."""

    jobs: int = 20_000
    single: int = 1_000
    latency: int = 200
    process_starts: int = 100
    depth: int = 500_000
    cut_seconds: float = 8.0
    latency_seconds: float = 15.0


@dataclass(frozen=True)
class Bench:
    server: Server
    sizes: Sizes

    def prepare(self, contestant: Contestant) -> None:
        """The empty schema, of which the cells get copies."""
        contestant.ask("setup", self.server.create(contestant.database))

    def prepare_depth(self, contestant: Contestant, kind: str) -> None:
        """The schema with a great many jobs in it, analyzed, of which the depth cells get copies."""
        url = self.server.create(f"{contestant.database}_{kind}", contestant.database)
        with _tables(url, contestant) as tables:
            tables.fill("ready" if kind == "pending" else kind, self.sizes.depth)
            tables.analyze()

    def drop_depth(self, contestant: Contestant, kind: str) -> None:
        self.server.drop(f"{contestant.database}_{kind}")

    def enqueue(self, contestant: Contestant, command: str, jobs: int) -> Figures:
        """Jobs a second, in bulk or one by one."""
        with self._database(contestant) as (url, _):
            self.server.calm()
            before = usage(self.server.pid, [])
            answer = contestant.ask(command, url, jobs=jobs)
            used = usage(self.server.pid, []).since(before, jobs)
        value = round(answer["jobs"] / answer["seconds"], 1)
        return {"value": value, "jobs": answer["jobs"], "other_cpu_share": used["other_cpu_share"]}

    def latency(self, contestant: Contestant) -> Figures:
        with self._database(contestant) as (url, _), self._workers(contestant, url, 1, 10) as (path, crew):
            time.sleep(IDLE_SECONDS)
            crew.check()
            answer = contestant.ask(
                "latency", url, jobs=self.sizes.latency, counter=path, seconds=self.sizes.latency_seconds
            )
        return distribution(answer["waits_ms"])

    def process_start(self, contestant: Contestant) -> Figures:
        """Of matchday alone: the others have no process jobs, or no such moment."""
        with self._database(contestant) as (url, _):
            return distribution(process_starts_ms(self.server, url, self.sizes.process_starts))

    def drain(self, contestant: Contestant, processes: int, concurrency: int, depth: str = "") -> Figures:
        """Jobs a second by so many workers, behind nothing or with many other jobs in the tables."""
        template = f"_{depth}" if depth else ""
        with self._database(contestant, template) as (url, tables):
            finished = tables.finished()
            tables.fill("ready", self.sizes.jobs)
            if not depth:
                tables.analyze()
            self.server.calm()
            spent = self._spent(contestant, tables)
            with ExitStack() as stack:
                with tables.locked():
                    path, crew = stack.enter_context(self._workers(contestant, url, processes, concurrency))
                    run = _Drain(self, tables, Counter(path), crew, endless=depth == "pending")
                    run.wait_for_workers()
                run.wait_for_the_first()
                figures = run.measure(finished)
                figures |= self._per_job(spent, self._spent(contestant, tables), figures["jobs"])
            begun = Counter(path).total()
            figures["exactly_once"] = tables.finished() - finished == begun and (
                figures["is_cut"] or depth == "pending" or begun == self.sizes.jobs
            )
        return figures

    def _spent(self, contestant: Contestant, tables: Tables) -> tuple[int, int]:
        statements = self.server.statements(f"{contestant.database}_cell")
        return statements - tables.own_statements, self.server.wal_bytes()

    def _per_job(self, before: tuple[int, int], after: tuple[int, int], jobs: int) -> Figures:
        return {
            "statements_per_job": round((after[0] - before[0]) / max(jobs, 1), 3),
            "wal_bytes_per_job": round((after[1] - before[1]) / max(jobs, 1)),
        }

    @contextmanager
    def _database(self, contestant: Contestant, template: str = "") -> Iterator[tuple[str, Tables]]:
        name = f"{contestant.database}_cell"
        url = self.server.create(name, contestant.database + template)
        try:
            with _tables(url, contestant) as tables:
                yield url, tables
        finally:
            self.server.drop(name)

    @contextmanager
    def _workers(
        self, contestant: Contestant, url: str, processes: int, concurrency: int
    ) -> Iterator[tuple[Path, Workers]]:
        path = self.server.folder / "counter"
        Counter.create(path, processes)
        command = contestant.command("work", url, concurrency=concurrency)
        with workers([command] * processes, path) as crew:
            yield path, crew


class _Drain:
    def __init__(
        self, bench: Bench, tables: Tables, counter: Counter, crew: Workers, *, endless: bool
    ) -> None:
        self._bench, self._tables, self._counter, self._crew = bench, tables, counter, crew
        self._jobs, self._endless = bench.sizes.jobs, endless
        self._deadline = time.monotonic() + SECONDS_TO_BEGIN

    def measure(self, finished_before: int) -> Figures:
        """The workers have begun already, and were told so by `wait_for_the_first`."""
        began, load = self._counter.first_begun_at(), psutil.getloadavg()[0]
        used = usage(self._bench.server.pid, self._crew.pids)
        is_cut = False
        while not self._is_drained(finished_before) and not is_cut:
            time.sleep(LOOK_SECONDS)
            is_cut = time.time() - began > self._bench.sizes.cut_seconds
            self._crew.check()
        seconds, jobs = time.time() - began, self._counter.total()
        return {
            "value": round(jobs / seconds, 1),
            "jobs": jobs,
            "seconds": round(seconds, 3),
            "is_cut": is_cut,
            "load_before": round(load, 2),
            **usage(self._bench.server.pid, self._crew.pids).since(used, jobs),
        }

    def wait_for_workers(self) -> None:
        """Each of them waits for the table."""
        for pid in self._crew.pids:
            while not self._bench.server.waiting_ports() & _ports(pid):
                self._look()
        time.sleep(SETTLE_SECONDS)

    def wait_for_the_first(self) -> None:
        while not self._counter.total():
            self._look()

    def _is_drained(self, finished_before: int) -> bool:
        if self._counter.total() < self._jobs:
            return False
        if self._endless:
            return self._tables.finished() - finished_before >= self._jobs
        return not self._tables.has_unfinished()

    def _look(self) -> None:
        if time.monotonic() > self._deadline:
            raise ContestantFailed(f"not every worker is ready after {SECONDS_TO_BEGIN:g} s")
        self._crew.check()
        time.sleep(LOOK_SECONDS)


def _ports(pid: int) -> set[int]:
    return {one.laddr.port for one in psutil.Process(pid).net_connections("tcp") if one.laddr}


@contextmanager
def _tables(url: str, contestant: Contestant) -> Iterator[Tables]:
    tables = Tables(url, contestant.about)
    try:
        yield tables
    finally:
        tables.close()


def distribution(waits_ms: list[float]) -> Figures:
    ordered = sorted(waits_ms)
    last = len(ordered) - 1
    at = {name: round(ordered[min(last, int(len(ordered) * share))], 3) for name, share in SHARES.items()}
    return {"value": at["p50"], **at, "jobs": len(ordered)}
