"""Jobs as tables for people."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.answers import Attempts, Job, JobPage, JobTypes
from cli.terminal import cell, results

STYLES = {
    "pending": "yellow",
    "running": "cyan",
    "completed": "green",
    "failed": "bold red",
    "cancelled": "magenta",
}


def show_jobs(page: JobPage) -> None:
    table = Table("id", "type", "status", "done", "created (UTC)", "seconds", "queue", "about", box=None)
    for job in page.items:
        table.add_row(
            str(job.id),
            cell(job.type),
            _status(job),
            f"{job.progress:.0%}",
            _time(job.created_at),
            _seconds(job.seconds),
            cell(job.queue),
            _about(job),
        )
    results().print(table)


def show_job(job: Job) -> None:
    """Every field that says something."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _fields(job):
        if value not in (None, "", {}, False):
            table.add_row(name, value if isinstance(value, Text) else cell(_text(value)))
    results().print(table)


def show_attempts(attempts: Attempts) -> None:
    table = Table(
        "attempt", "started (UTC)", "seconds", "outcome", "done", "step", "worker", "error", box=None
    )
    for one in attempts.items:
        table.add_row(
            str(one.attempt),
            _time(one.started_at),
            _seconds(one.seconds),
            cell(one.outcome or "running", STYLES.get(one.outcome or "running", "")),
            f"{one.progress:.0%}",
            cell(one.step),
            cell(one.worker),
            cell(f"{one.error.kind}: {one.error.message}" if one.error else ""),
        )
    results().print(table)


def show_job_types(types: JobTypes) -> None:
    table = Table("type", "queue", "limit", "attempts", "parameters", "what it does", box=None)
    for kind in types.items:
        names = ", ".join(kind.params_schema.get("properties", {}))
        limit = f"{kind.timeout_seconds:g} s"
        most = str(kind.max_attempts)
        table.add_row(cell(kind.type), cell(kind.queue), limit, most, cell(names), cell(kind.description))
    results().print(table)


def _fields(job: Job) -> list[tuple[str, Any]]:
    return [
        ("id", job.id),
        ("type", job.type),
        ("status", _status(job)),
        ("progress", f"{job.progress:.0%} {job.step} {job.message}".rstrip()),
        ("error", job.error and f"{job.error.kind}: {job.error.message}"),
        ("params", job.params),
        ("queue", job.queue),
        ("priority", job.priority or None),
        ("requested by", job.requested_by),
        ("created", _time(job.created_at)),
        ("run after", _time(job.run_after)),
        ("started", _time(job.started_at)),
        ("finished", _time(job.finished_at)),
        ("seconds", job.seconds),
        ("attempt", job.attempt),
        ("worker", job.worker),
        ("cancel requested", job.cancel_requested),
        ("result", job.result),
    ]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def _status(job: Job) -> Text:
    return cell(job.status, STYLES.get(job.status, ""))


def _about(job: Job) -> Text:
    if job.error and job.status != "completed":
        return cell(job.error.message, "red")
    return cell("" if job.is_finished else f"{job.step} {job.message}".strip())


def _time(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if time else ""


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
