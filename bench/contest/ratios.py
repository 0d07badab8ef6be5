"""matchday's figures beside the others': plain arithmetic on the medians of the cells."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.contest.catalogue import LIMIT, OURS, STOCK

# Of each contestant, the median of each cell's rounds.
Medians = Mapping[str, Mapping[str, float]]
Ratios = dict[str, float | None]

PROCESS_COUNTS = ("1p", "2p")
DEPTHS = ("finished", "pending", "future")


@dataclass(frozen=True)
class Target:
    bound: float
    is_upper: bool = False

    def is_met(self, value: float) -> bool:
        return value < self.bound if self.is_upper else value >= self.bound

    def __str__(self) -> str:
        return f"{'<' if self.is_upper else '>='} {self.bound:g}"


TARGETS = {
    "drain_vs_best_peer": Target(1.2),
    "drain_vs_procrastinate": Target(10),
    "drain_vs_raw": Target(0.6),
    "bulk_vs_best_peer": Target(1),
    "single_vs_procrastinate": Target(1.5),
    "latency_p50_vs_best_peer": Target(1),
    "depth_finished": Target(0.9),
    "depth_pending": Target(0.9),
    "depth_future": Target(0.9),
    "latency_p99_ms": Target(25, is_upper=True),
    "process_start_p50_ms": Target(30, is_upper=True),
}


def ratios_by_cell(medians: Medians) -> dict[str, Ratios]:
    """A ratio is ours divided by theirs; of waits theirs by ours, so that more is always better."""
    peers = [name for name in medians if name not in (OURS, LIMIT)]
    ours = medians.get(OURS, {})
    return {
        "drain_vs_best_peer": _drains(medians, peers),
        "drain_vs_procrastinate": _drains(medians, [STOCK]),
        "drain_vs_raw": _drains(medians, [LIMIT]),
        "bulk_vs_best_peer": {"bulk": _divided(ours.get("bulk"), _most(medians, peers, "bulk"))},
        "single_vs_procrastinate": {
            "single": _divided(ours.get("single"), _most(medians, [STOCK], "single"))
        },
        "latency_p50_vs_best_peer": {
            "latency": _divided(_least(medians, peers, "latency"), ours.get("latency"))
        },
        **{f"depth_{depth}": _depths(ours, depth) for depth in DEPTHS},
    }


def ratios(by_cell: Mapping[str, Ratios], latency_p99_ms: float | None, start_p50_ms: float | None) -> Ratios:
    """The least of each ratio's cells; None where something was not measured."""
    least = {name: _minimum(cells.values()) for name, cells in by_cell.items()}
    return {**least, "latency_p99_ms": latency_p99_ms, "process_start_p50_ms": start_p50_ms}


def best_concurrency(cells: Mapping[str, float], processes: str) -> str | None:
    """The drain cell of the highest rate."""
    drains = [name for name in cells if re.fullmatch(rf"{processes}_c\d+", name)]
    return max(drains, key=lambda name: cells[name], default=None)


def _drains(medians: Medians, others: Iterable[str]) -> Ratios:
    """Everybody's best concurrency, at the same number of processes."""
    return {
        processes: _divided(
            _best(medians, OURS, processes),
            max((rate for name in others if (rate := _best(medians, name, processes))), default=None),
        )
        for processes in PROCESS_COUNTS
    }


def _best(medians: Medians, name: str, processes: str) -> float | None:
    cells = medians.get(name, {})
    best = best_concurrency(cells, processes)
    return cells[best] if best else None


def _depths(ours: Mapping[str, float], depth: str) -> Ratios:
    """The rate with that depth, divided by the rate of the same cell on the empty table."""
    cells = {name.removeprefix(f"{depth}_"): rate for name, rate in ours.items() if name.startswith(depth)}
    return {name: _divided(rate, ours.get(name)) for name, rate in cells.items()} or {"1p_c10": None}


def _most(medians: Medians, names: Iterable[str], cell: str) -> float | None:
    return max((medians[name][cell] for name in names if cell in medians.get(name, {})), default=None)


def _least(medians: Medians, names: Iterable[str], cell: str) -> float | None:
    return min((medians[name][cell] for name in names if cell in medians.get(name, {})), default=None)


def _divided(number: float | None, by: float | None) -> float | None:
    return round(number / by, 3) if number is not None and by else None


def _minimum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return min((value for value in known if value is not None), default=None) if None not in known else None
