"""The figures of a run as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

FIGURES = ("log_loss", "brier", "rps", "accuracy", "ece")


def show(record: Mapping[str, Any], console: Console) -> None:
    """`record` is what the file holds."""
    judged = record["models"]
    table = Table(
        f"{record['matches']:,} matches from {record['test_from']}",
        *(figure.replace("_", " ") for figure in FIGURES),
        *("fit s", "ms a match"),
        box=None,
        header_style="bold",
    )
    for name, figures in sorted(judged.items(), key=lambda pair: float(pair[1]["log_loss"])):
        table.add_row(
            name,
            *(f"{figures[figure]:.4f}" for figure in FIGURES),
            f"{figures['fit_seconds']:.2f}",
            f"{figures['predict_ms_per_match']:.3f}",
        )
    console.print(table)
    for name, reason in record["skipped"].items():
        console.print(f"{name} is left out: {reason}")
    if silent := record["test_matches"] - record["matches"]:
        console.print(f"{silent:,} more matches judge nobody here: somebody had no answer or no price")
    _show_parts(record, console)
    _show_times(record, console)


def _show_parts(record: Mapping[str, Any], console: Console) -> None:
    """The log loss league by league and season by season."""
    parts = {**record["leagues"], **record["seasons"]}
    table = Table(
        "log loss",
        *(f"{name}\n{part['matches']:,}" for name, part in parts.items()),
        box=None,
        header_style="bold",
    )
    for name in record["models"]:
        told = (part["models"].get(name) for part in parts.values())
        table.add_row(name, *("" if figures is None else f"{figures['log_loss']:.4f}" for figures in told))
    console.print(table)
    for name, beside in record["stacks"].items():
        console.print(
            f"{name} less its best member, {beside['best_member']}: "
            f"{beside['difference']:+.4f} +- {beside['standard_error']:.4f}"
        )


def _show_times(record: Mapping[str, Any], console: Console) -> None:
    features, training = record["features"], record["training"]
    season, peer = record["dixon_coles_one_season"], record["penaltyblog"]
    console.print(f"features of {features['matches']:,} matches: {features['seconds']:.1f} s")
    console.print(
        f"training on {training['matches']:,} matches: {training['seconds']:.1f} s, "
        f"at most {training['peak_mb']:,.0f} MB"
    )
    console.print(
        f"Dixon-Coles on {season['league']} {season['season']}, {season['matches']} matches: "
        f"{season['matchday_ms']:.1f} ms, penaltyblog {peer['version']}: {season['penaltyblog_ms']:.1f} ms"
    )
    for reason, times in peer["fallbacks"].items():
        console.print(f"penaltyblog had no answer, {reason.replace('_', ' ')}: {times}")
