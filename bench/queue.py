"""`make bench-queue`: matchday's queue beside its peers and the physical limit, on one server in one run."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import psycopg
from rich.console import Console

from bench.contest.catalogue import ENTRIES, OURS
from bench.contest.cells import Bench, Figures, Sizes
from bench.contest.crew import Contestant, ContestantFailed
from bench.contest.ratios import DEPTHS, best_concurrency
from bench.contest.record import Record
from bench.contest.server import running_server
from bench.contest.table import show
from bench.contest.venvs import CannotTakePart, interpreter_for
from cli.stopping import Stopping, ToldToStop
from config.logs import configure_logs
from config.settings import load_settings, override

RESULTS = Path(__file__).parent / "results" / "queue.json"
PARTIAL = Path(".matchday/bench-queue.json")
TABLE_WIDTH = 140
# Waits of milliseconds differ more from minute to minute than from one contestant to the next.
WAITS_A_ROUND = 3
QUICK = Sizes(jobs=5_000, single=200, latency=50, process_starts=20, depth=100_000, cut_seconds=4)


@dataclass(frozen=True)
class Cell:
    """One thing to measure of one contestant."""

    contestant: Contestant
    name: str
    measure: Callable[[], Figures]


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    configure_logs(override(load_settings(), {"log_level": "WARNING"}), "bench")
    console = Console(highlight=False, stderr=True)
    sizes = QUICK if given.quick else Sizes()
    sizes = replace(sizes, jobs=given.jobs or sizes.jobs)
    names = given.only.split(",") if given.only else [entry.name for entry in ENTRIES]
    try:
        with Stopping(), running_server() as server:
            record = Record(sizes, {"version": server.version, **server.settings()})
            run = Run(Bench(server, sizes), record, console, is_quick=given.quick)
            run.gather(names)
            run.measure(1 if given.quick else given.rounds)
    except ToldToStop as told:
        return told.exit_code
    is_full = not (given.quick or given.only or given.jobs)
    record.write(RESULTS if is_full else PARTIAL)
    show(record, Console(highlight=False, width=TABLE_WIDTH))
    return 1 if record.failed or record.runs_not_exactly_once() else 0


class Run:
    """Round after round, cell after cell, every contestant in turn: what disturbs one disturbs all."""

    def __init__(self, bench: Bench, record: Record, console: Console, *, is_quick: bool) -> None:
        self._bench, self._record, self._console = bench, record, console
        self._is_quick = is_quick
        self._contestants: list[Contestant] = []

    def gather(self, names: Sequence[str]) -> None:
        """Installs who is named and makes their schemas."""
        for entry in ENTRIES:
            if entry.name not in names:
                continue
            try:
                contestant = Contestant(entry, interpreter_for(entry))
                contestant = replace(contestant, about=contestant.ask("about", ""))
                self._bench.prepare(contestant)
            except (CannotTakePart, ContestantFailed) as error:
                self._record.skipped[entry.name] = str(error)
                continue
            self._contestants.append(contestant)
            versions = {key: contestant.about[key] for key in ("version", "python")}
            self._record.contestants[entry.name] = versions

    def measure(self, rounds: int) -> None:
        for number in range(rounds):
            turn = number % max(len(self._contestants), 1)
            ordered = self._contestants[turn:] + self._contestants[:turn]
            for step in (self._enqueues, *[self._waits] * WAITS_A_ROUND, self._starts, *self._drains()):
                for cell in (cell for one in ordered for cell in step(one)):
                    self._measure(cell, number)
            for one in ordered:
                if one.name == OURS or (one.entry.has_depth and number == 0 and not self._is_quick):
                    self._measure_depths(one, number)

    def _enqueues(self, one: Contestant) -> Iterator[Cell]:
        sizes = self._bench.sizes
        yield Cell(one, "bulk", partial(self._bench.enqueue, one, "bulk", sizes.jobs))
        yield Cell(one, "single", partial(self._bench.enqueue, one, "single", sizes.single))

    def _waits(self, one: Contestant) -> Iterator[Cell]:
        if one.entry.has_latency:
            yield Cell(one, "latency", partial(self._bench.latency, one))

    def _starts(self, one: Contestant) -> Iterator[Cell]:
        if one.name == OURS:
            yield Cell(one, "process_start", partial(self._bench.process_start, one))

    def _drains(self) -> Iterator[Callable[[Contestant], Iterator[Cell]]]:
        places = max((len(self._concurrencies(one)) for one in self._contestants), default=0)
        for processes, place in product((1, 2), range(places)):
            yield partial(self._drain, processes, place)

    def _drain(self, processes: int, place: int, one: Contestant) -> Iterator[Cell]:
        for concurrency in self._concurrencies(one)[place : place + 1]:
            measure = partial(self._bench.drain, one, processes, concurrency)
            yield Cell(one, f"{processes}p_c{concurrency}", measure)

    def _concurrencies(self, one: Contestant) -> Sequence[int]:
        return one.entry.concurrencies[-1:] if self._is_quick else one.entry.concurrencies

    def _measure_depths(self, one: Contestant, number: int) -> None:
        """At the least concurrency, and for matchday also at the best one."""
        concurrencies = {self._concurrencies(one)[0]}
        best = best_concurrency(self._record.medians().get(one.name, {}), "1p")
        if one.name == OURS and best:
            concurrencies.add(int(best.rpartition("c")[2]))
        for depth in DEPTHS:
            with self._told(f"round {number + 1} {one.name} {depth}"):
                self._bench.prepare_depth(one, depth)
                for concurrency in sorted(concurrencies):
                    measure = partial(self._bench.drain, one, 1, concurrency, depth)
                    self._measure(Cell(one, f"{depth}_1p_c{concurrency}", measure), number)
            self._bench.drop_depth(one, depth)

    def _measure(self, cell: Cell, number: int) -> None:
        what = f"round {number + 1} {cell.contestant.name} {cell.name}"
        with self._told(what):
            figures = cell.measure()
            self._record.add(cell.contestant.name, cell.name, figures)
            self._console.print(f"{what}: {figures['value']:,.1f}")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """What fails is told and left out; the others go on."""
        try:
            yield
        except (ContestantFailed, psycopg.Error) as error:
            self._record.failed.append(f"{what}: {error}")
            self._console.print(self._record.failed[-1])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.queue", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, help="how many a drain has; 20,000 if left out")
    parser.add_argument("--only", help="comma-separated names of contestants")
    parser.add_argument("--quick", action="store_true", help="one small round; its figures are rough")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
