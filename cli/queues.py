"""`matchday queues ...`: how full the queues are; pause and resume."""

from typing import Annotated

import typer
from rich.table import Table

from cli.answers import Queue
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.terminal import cell, notes, plain, print_json, results

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See queues, pause them, resume them.")
Name = Annotated[str, typer.Argument(metavar="QUEUE")]


@app.command("list")
def list_queues(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show every known queue."""
    with Api(url) as api:
        found = api.queues()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table("queue", "status", "pending", "scheduled", "running", "oldest (s)", "paused by", box=None)
    for queue in found.items:
        oldest = "" if queue.oldest_pending_seconds is None else f"{queue.oldest_pending_seconds:.0f}"
        counts = (str(queue.pending), str(queue.scheduled), str(queue.running))
        table.add_row(cell(queue.name), _status(queue), *counts, oldest, cell(queue.paused_by or ""))
    results().print(table)


@app.command()
def pause(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a queue give no more jobs; those that run go on."""
    with Api(url) as api:
        queue = api.pause_queue(name)
    _tell(
        queue,
        as_json,
        f"queue {plain(queue.name)} is paused: {queue.pending} pending, {queue.running} running",
    )


@app.command()
def resume(name: Name, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Let a paused queue give jobs again."""
    with Api(url) as api:
        queue = api.resume_queue(name)
    _tell(queue, as_json, f"queue {plain(queue.name)} gives jobs again: {queue.pending} pending")


def _status(queue: Queue) -> str:
    return "[yellow]paused[/yellow]" if queue.status == "paused" else "active"


def _tell(queue: Queue, as_json: bool, line: str) -> None:
    if as_json:
        print_json(queue.model_dump(mode="json"))
    else:
        notes().print(line, markup=False)
