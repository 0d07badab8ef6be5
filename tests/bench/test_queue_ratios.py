"""The arithmetic behind `make bench-queue`, on figures written down here; nothing is measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.contest.cells import Sizes, distribution
from bench.contest.ratios import TARGETS, Target, best_concurrency, ratios, ratios_by_cell
from bench.contest.record import Record

MEDIANS: Mapping[str, Mapping[str, float]] = {
    "matchday": {
        "bulk": 40_000,
        "single": 1_500,
        "latency": 4,
        "1p_c10": 10_000,
        "1p_c50": 12_000,
        "2p_c10": 15_000,
        "2p_c50": 18_000,
        "finished_1p_c10": 9_500,
        "finished_1p_c50": 12_600,
        "pending_1p_c10": 9_000,
        "future_1p_c10": 11_000,
    },
    "procrastinate": {
        "bulk": 16_000,
        "single": 750,
        "latency": 5,
        "1p_c10": 500,
        "1p_c50": 600,
        "2p_c10": 640,
    },
    "pgqueuer": {
        "bulk": 50_000,
        "single": 1_600,
        "latency": 6,
        "1p_c50": 8_000,
        "2p_c10": 9_000,
        "2p_c50": 15_000,
    },
    "raw": {"1p_c50": 14_000, "1p_c200": 20_000, "2p_c50": 20_000, "2p_c500": 36_000},
}


def test_a_drain_is_compared_at_each_ones_best_concurrency() -> None:
    by_cell = ratios_by_cell(MEDIANS)

    assert by_cell["drain_vs_best_peer"] == {"1p": 1.5, "2p": 1.2}
    assert by_cell["drain_vs_procrastinate"] == {"1p": 20, "2p": 28.125}
    assert by_cell["drain_vs_raw"] == {"1p": 0.6, "2p": 0.5}


def test_the_ratio_is_the_least_of_its_cells() -> None:
    assert ratios(ratios_by_cell(MEDIANS), latency_p99_ms=9, start_p50_ms=31) == {
        "drain_vs_best_peer": 1.2,
        "drain_vs_procrastinate": 20,
        "drain_vs_raw": 0.5,
        "bulk_vs_best_peer": 0.8,
        "single_vs_procrastinate": 2,
        "latency_p50_vs_best_peer": 1.25,
        "depth_finished": 0.95,
        "depth_pending": 0.9,
        "depth_future": 1.1,
        "latency_p99_ms": 9,
        "process_start_p50_ms": 31,
    }


def test_what_was_not_measured_has_no_ratio() -> None:
    found = ratios(ratios_by_cell({"matchday": {"1p_c10": 10_000}}), None, None)

    assert found.keys() == TARGETS.keys()
    assert set(found.values()) == {None}


def test_one_process_count_alone_gives_no_drain_ratio() -> None:
    one = {
        name: {cell: rate for cell, rate in cells.items() if "2p" not in cell}
        for name, cells in MEDIANS.items()
    }

    assert ratios(ratios_by_cell(one), None, None)["drain_vs_raw"] is None


def test_the_best_concurrency_is_no_depth_cell() -> None:
    assert best_concurrency({"1p_c10": 1, "1p_c50": 2, "2p_c10": 3, "finished_1p_c10": 4}, "1p") == "1p_c50"
    assert best_concurrency({}, "1p") is None


@pytest.mark.parametrize(
    ("target", "value", "is_met"),
    [
        (Target(1.2), 1.2, True),
        (Target(1.2), 1.19, False),
        (Target(25, True), 24.9, True),
        (Target(25, True), 25, False),
    ],
)
def test_a_target_is_met_at_its_bound_or_under_an_upper_one(
    target: Target, value: float, is_met: bool
) -> None:
    assert target.is_met(value) is is_met


def test_a_distribution_names_its_percentiles() -> None:
    assert distribution([float(wait) for wait in range(100, 0, -1)]) == {
        "value": 51,
        "p50": 51,
        "p95": 96,
        "p99": 100,
        "max": 100,
        "jobs": 100,
    }


def test_the_file_has_every_round_and_its_median(tmp_path: Path) -> None:
    record = Record(Sizes(), {"version": "18"})
    for value, share in ((3.0, 0.0), (1.0, 0.5), (2.0, 0.1)):
        record.add("matchday", "bulk", {"value": value, "other_cpu_share": share})
    record.add("matchday", "1p_c10", {"value": 5.0, "exactly_once": False})

    record.write(tmp_path / "queue.json")

    written: dict[str, Any] = json.loads((tmp_path / "queue.json").read_text())
    bulk = written["contestants"]["matchday"]["cells"]["bulk"]
    assert bulk["median"] == 2
    assert [figures["value"] for figures in bulk["rounds"]] == [3, 1, 2]
    assert written["disturbed"] == ["matchday bulk 2: 50%"]
    assert written["not_exactly_once"] == ["matchday 1p_c10"]
    assert written["ratios"].keys() == written["targets"].keys() == TARGETS.keys()
