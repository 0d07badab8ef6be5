"""What a run has measured: each round of each cell, their medians, and the file and tables made of them."""

import json
import platform
import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.contest.cells import Figures, Sizes
from bench.contest.ratios import TARGETS, ratios, ratios_by_cell

RULES = {
    "drain": "jobs/s; the jobs are there, analyzed, before the workers; the table is locked until each waits "
    "for it; from the first job's begin until no unfinished job is left, or to the cut",
    "depth": "the big table is analyzed, the jobs come later; pending: until so many are recorded as done",
    "concurrency": "jobs at once a process; pgqueuer: its batch size; raw: jobs a batch",
    "bulk": "jobs/s, 1,000 jobs a call",
    "single": "jobs/s, one durable enqueue after another by one client",
    "latency": "ms from just before the enqueue to the job's first line; one idle worker of concurrency 10",
    "process_start": "ms from the job's started_at to its handler's first line in the child",
    "ratios": "of medians, ours by theirs; drains: each one's best concurrency, the least over 1 and 2 "
    "processes; latency: the best peer's p50 by ours, so that 1 or more is good",
}


DISTURBED_SHARE = 0.15


@dataclass
class Record:
    """`rounds` has of each contestant and cell the figures of each round."""

    sizes: Sizes
    server: dict[str, str]
    contestants: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    rounds: dict[str, dict[str, list[Figures]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add(self, name: str, cell: str, figures: Figures) -> None:
        self.rounds[name][cell].append(figures)

    def medians(self) -> dict[str, dict[str, float]]:
        return {name: medians_of(cells) for name, cells in self.rounds.items()}

    def by_cell(self) -> dict[str, dict[str, float | None]]:
        return ratios_by_cell(self.medians())

    def ratios(self) -> dict[str, float | None]:
        ours = self.rounds.get("matchday", {})
        return ratios(
            self.by_cell(),
            medians_of(ours, "p99").get("latency"),
            medians_of(ours, "p50").get("process_start"),
        )

    def runs_not_exactly_once(self) -> list[str]:
        return [
            f"{name} {cell}"
            for name, cells in self.rounds.items()
            for cell, rounds in cells.items()
            if not all(figures.get("exactly_once", True) for figures in rounds)
        ]

    def disturbed(self) -> list[str]:
        """The rounds of cells in which other programs had much of the machine."""
        return [
            f"{name} {cell} {number + 1}: {share:.0%}"
            for name, cells in self.rounds.items()
            for cell, rounds in cells.items()
            for number, figures in enumerate(rounds)
            if (share := figures.get("other_cpu_share", 0)) > DISTURBED_SHARE
        ]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n")

    def as_json(self) -> dict[str, Any]:
        medians = self.medians()
        return {
            "measured_at": self.began_at.isoformat(timespec="seconds"),
            "minutes": round((datetime.now(UTC) - self.began_at).total_seconds() / 60, 1),
            "python": platform.python_version(),
            "cores": psutil.cpu_count(),
            "server": self.server,
            "sizes": asdict(self.sizes),
            "rules": RULES,
            "ratios": self.ratios(),
            "targets": {name: str(target) for name, target in TARGETS.items()},
            "ratios_by_cell": self.by_cell(),
            "not_exactly_once": self.runs_not_exactly_once(),
            "disturbed": self.disturbed(),
            "skipped": self.skipped,
            "failed": self.failed,
            "contestants": {
                name: {
                    **self.contestants.get(name, {}),
                    "cells": {
                        cell: {"median": medians[name][cell], "rounds": rounds}
                        for cell, rounds in cells.items()
                    },
                }
                for name, cells in self.rounds.items()
            },
        }


def medians_of(cells: Mapping[str, list[Figures]], figure: str = "value") -> dict[str, float]:
    """Of each cell that has this figure, the median of its rounds."""
    return {
        cell: statistics.median(known)
        for cell, rounds in cells.items()
        if (known := [figures[figure] for figures in rounds if figure in figures])
    }
