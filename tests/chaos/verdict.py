"""What a scenario found: one line `promise / measured / n`, and whether the promise was kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.chaos.auditor import DOUBLED, LOST, Finding

T = TypeVar("T")


class Skipped(Exception):
    """The scenario cannot be run here; the text says why."""


class Broken(Exception):
    """What was promised did not come; the verdict has what the auditor found nevertheless."""

    def __init__(self, verdict: "Verdict") -> None:
        super().__init__(verdict.measured)
        self.verdict = verdict


@dataclass(frozen=True)
class Form:
    """How long a run may be: short for each change, full for a release, long where a fault lasts longer.

    The seed repeats a random one.
    """

    short: bool
    seed: int
    long: bool = False

    def pick(self, short: T, full: T, long: T | None = None) -> T:
        if self.short:
            return short
        return full if long is None or not self.long else long


@dataclass(frozen=True)
class Verdict:
    promise: str
    measured: str
    n: int
    kept: bool
    jobs: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def lost(self) -> int:
        return len({finding.job_id for finding in self.findings if finding.kind == LOST})

    @property
    def doubled(self) -> int:
        return len({finding.job_id for finding in self.findings if finding.kind == DOUBLED})

    @property
    def is_good(self) -> bool:
        return self.kept and not self.findings

    def __str__(self) -> str:
        return f"{self.promise} / {self.measured} / n={self.n}"


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed, by the nearest rank."""
    return sorted(values)[max(0, math.ceil(0.95 * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
