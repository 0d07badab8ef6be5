"""The figures of a run as tables for people."""

from rich.console import Console
from rich.table import Table

from bench.contest.ratios import TARGETS, best_concurrency
from bench.contest.record import DISTURBED_SHARE, Record, medians_of

MILLISECONDS = ("latency", "process_start")


def show(record: Record, console: Console) -> None:
    medians = record.medians()
    cells = list(dict.fromkeys(cell for measured in medians.values() for cell in measured))
    table = Table("jobs/s, medians", *medians, box=None, header_style="bold")
    for cell in cells:
        table.add_row(
            f"{cell}, ms" if cell in MILLISECONDS else cell,
            *(_number(measured.get(cell)) for measured in medians.values()),
        )
    for figure in ("statements_per_job", "wal_bytes_per_job", "server_ms_per_job", "worker_ms_per_job"):
        table.add_row(
            f"{figure}, best 1p",
            *(
                _number(medians_of(cells, figure).get(best_concurrency(medians[name], "1p") or ""))
                for name, cells in record.rounds.items()
            ),
        )
    console.print(table)
    for name, reason in record.skipped.items():
        console.print(f"{name} takes no part: {reason}")
    for told in record.failed:
        console.print(f"failed: {told}")
    for told in record.runs_not_exactly_once():
        console.print(f"not every job ran exactly once: {told}", style="red")
    if disturbed := record.disturbed():
        console.print(
            f"other programs took more than {DISTURBED_SHARE:.0%} of the cores in {len(disturbed)} cells"
        )
    _show_ratios(record, console)


def _show_ratios(record: Record, console: Console) -> None:
    table = Table("ratio", "measured", "target", "", box=None, header_style="bold")
    for name, value in record.ratios().items():
        target = TARGETS[name]
        verdict = "not measured" if value is None else "met" if target.is_met(value) else "missed"
        table.add_row(name, _number(value), str(target), verdict)
    console.print(table)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
