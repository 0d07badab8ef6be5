"""`matchday schedules ...`: jobs that are added by themselves."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.answers import Schedule, ScheduleTick
from cli.arguments import PERIOD, UNITS, job_params
from cli.client import DEFAULT_URL, Api
from cli.failures import WrongUsage
from cli.jobs import AsJson, Url
from cli.terminal import cell, notes, plain, print_json, results

SHOWN = 5
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
OUTCOMES = {"enqueued": "added job {}", "merged": "the same work was active: job {}", "skipped": "skipped"}

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Create schedules, see them, pause them, resume them, run them now, delete them.",
)
Name = Annotated[str, typer.Argument(metavar="NAME")]


class Misfire(StrEnum):
    run_once = "run_once"
    skip = "skip"


@app.command("list")
def list_schedules(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show every schedule."""
    with Api(url) as api:
        found = list(_all(api))
    if as_json:
        print_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    table = Table("name", "type", "when", "status", "next (UTC)", "last (UTC)", "job", "about", box=None)
    for one in found:
        job = "" if one.last_job_id is None else str(one.last_job_id)
        times = (_time(one.next_at), _time(one.last_at))
        names = (cell(one.name), cell(one.type), cell(_when(one)))
        table.add_row(*names, _status(one), *times, job, cell(one.last_error or "", "red"))
    results().print(table)


@app.command()
def show(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show one schedule, its next times, and what became of the latest ones."""
    with Api(url) as api:
        schedule = api.schedule(name)
        upcoming = api.upcoming(name, SHOWN).items
        ticks = api.ticks(name, SHOWN).items
    if as_json:
        shown = {"upcoming": upcoming, "ticks": ticks}
        print_json(schedule.model_copy(update=shown).model_dump(mode="json"))
        return
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in _fields(schedule):
        if value not in (None, "", "{}", 0):
            table.add_row(label, value if isinstance(value, Text) else cell(value))
    for time in upcoming:
        table.add_row("if resumed" if schedule.status == "paused" else "will run", _time(time))
    for tick in ticks:
        table.add_row("at", cell(f"{_time(tick.tick_at)} {_outcome(tick)}", "red" if tick.error else ""))
    results().print(table)


@app.command()
def create(
    name: Name,
    job_type: Annotated[str, typer.Argument(metavar="TYPE", help="See `matchday jobs types`.")],
    cron: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="Five fields, as in '30 5 * * mon-fri'.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Whose clock --cron means, as in Europe/London; UTC.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="PERIOD", help="A fixed interval: 30s, 10m, 2h, 1d.")
    ] = None,
    shortest: Annotated[
        str | None, typer.Option("--min", metavar="PERIOD", help="With --max: as the job itself says.")
    ] = None,
    longest: Annotated[str | None, typer.Option("--max", metavar="PERIOD")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="One parameter; repeatable."),
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help="All parameters as one JSON object.")
    ] = None,
    misfire: Annotated[
        Misfire | None, typer.Option(help="A missed time runs once late (run_once), or not at all.")
    ] = None,
    misfire_after: Annotated[
        str | None, typer.Option(metavar="PERIOD", help="How late is missed; 1m.")
    ] = None,
    priority: Annotated[int | None, typer.Option(help="-100 to 100; higher runs first.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Create a schedule: by --cron, --every, or --min and --max."""
    options = {
        "cron": cron,
        "time_zone": time_zone,
        "every_seconds": _seconds("--every", every),
        "adaptive": _adaptive(shortest, longest),
        "params": job_params(param or [], params) or None,
        "misfire": misfire and str(misfire),
        "misfire_after_seconds": _seconds("--misfire-after", misfire_after),
        "priority": priority,
    }
    if sum(options[kind] is not None for kind in ("cron", "every_seconds", "adaptive")) != 1:
        raise WrongUsage("say when: give one of --cron, --every, or --min with --max")
    with Api(url) as api:
        schedule = api.add_schedule(name, job_type, **options)
    _tell(schedule, as_json, f"schedule {plain(schedule.name)} runs next at {_time(schedule.next_at)} UTC")


@app.command()
def defaults(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Create the usual schedules of football that are not there; those that are stay as they are."""
    with Api(url) as api:
        found = api.add_default_schedules()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for one in found.added:
        notes().print(
            f"{plain(one.name)}: {plain(one.type)} {_when(one)}, next at {_time(one.next_at)} UTC",
            markup=False,
        )
    for name in found.kept:
        notes().print(f"{plain(name)} is there already, and stays as it is", markup=False)


@app.command()
def pause(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a schedule add no jobs; the times that pass are not made up for."""
    with Api(url) as api:
        schedule = api.pause_schedule(name)
    _tell(schedule, as_json, f"schedule {plain(schedule.name)} is paused")


@app.command()
def resume(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a paused schedule add jobs again."""
    with Api(url) as api:
        schedule = api.resume_schedule(name)
    next_at = f"at {_time(schedule.next_at)} UTC" if schedule.next_at else "when its job has ended"
    _tell(schedule, as_json, f"schedule {plain(schedule.name)} runs next {next_at}")


@app.command()
def run(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Add a schedule's job at once; its next time stays as it is."""
    with Api(url) as api:
        job = api.run_schedule(name)
    if as_json:
        print_json(job.model_dump(mode="json"))
    else:
        line = f"job {job.id} is {job.status}; follow it with: matchday jobs watch {job.id}"
        notes().print(line, markup=False)


@app.command()
def delete(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Delete a schedule; the jobs that it added stay."""
    with Api(url) as api:
        api.delete_schedule(name)
    if as_json:
        print_json({"deleted": name})
    else:
        notes().print(f"schedule {plain(name)} is deleted", markup=False)


def _all(api: Api) -> Iterator[Schedule]:
    page = api.schedules()
    yield from page.items
    while page.next_cursor:
        page = api.schedules(cursor=page.next_cursor)
        yield from page.items


def _seconds(option: str, period: str | None) -> float | None:
    if period is None:
        return None
    found = PERIOD.fullmatch(period)
    if found is None:
        raise WrongUsage(f"{option} {period!r}: write a period such as 30s, 10m, 2h or 1d")
    return int(found[1]) * SECONDS[found[2]]


def _adaptive(shortest: str | None, longest: str | None) -> dict[str, Any] | None:
    low, high = _seconds("--min", shortest), _seconds("--max", longest)
    if (low is None) != (high is None):
        raise WrongUsage("--min and --max go together")
    return None if low is None else {"min_seconds": low, "max_seconds": high}


def _fields(schedule: Schedule) -> list[tuple[str, Any]]:
    return [
        ("name", schedule.name),
        ("type", schedule.type),
        ("params", json.dumps(schedule.params, ensure_ascii=False)),
        ("when", _when(schedule)),
        ("status", _status(schedule)),
        ("paused by", schedule.paused_by),
        ("missed times", f"{schedule.misfire} after {_period(schedule.misfire_after_seconds)}"),
        ("priority", schedule.priority),
        ("waits for job", schedule.waits_for_job),
        ("last job", schedule.last_job_id),
        ("error", schedule.last_error),
    ]


def _when(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return f"{schedule.cron} {schedule.time_zone}"
    if schedule.every_seconds is not None:
        return f"every {_period(schedule.every_seconds)}"
    bounds = schedule.adaptive
    return f"{_period(bounds.min_seconds)} to {_period(bounds.max_seconds)}" if bounds else ""


def _period(seconds: float) -> str:
    """As it would be typed: 600 is 10m, 90 is 90s."""
    for unit in reversed(UNITS):
        if seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:g}{unit}"
    return f"{seconds:g}s"


def _status(schedule: Schedule) -> Text:
    return cell(schedule.status, "yellow" if schedule.status == "paused" else "")


def _outcome(tick: ScheduleTick) -> str:
    return OUTCOMES.get(tick.outcome, tick.outcome).format(tick.job_id) + (
        f": {tick.error}" if tick.error else ""
    )


def _time(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if time else ""


def _tell(schedule: Schedule, as_json: bool, line: str) -> None:
    if as_json:
        print_json(schedule.model_dump(mode="json"))
    else:
        notes().print(line, markup=False)
