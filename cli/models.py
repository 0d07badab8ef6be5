"""`matchday models ...`: which versions there are, which serves, who changed it; promote and roll back."""

from typing import Annotated

import typer

from cli.answers import Answer
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.model_answers import InService
from cli.show_models import show_changes, show_models, show_trainings, show_version, show_versions
from cli.terminal import notes, plain, print_json

app = typer.Typer(
    rich_markup_mode=None,
    help="See model versions, trainings and changes of what serves; promote a version, roll back.",
)
Name = Annotated[str, typer.Argument(metavar="NAME")]
Number = Annotated[int, typer.Argument(metavar="VERSION", min=1)]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit log.")]
Limit = Annotated[int, typer.Option(min=1, max=200)]
Cursor = Annotated[str | None, typer.Option(help="next_cursor of the page before.")]


@app.callback(invoke_without_command=True)
def list_models(context: typer.Context, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the versions of all models, newest first; other commands: `matchday models --help`."""
    if context.invoked_subcommand is not None:
        return
    with Api(url) as api:
        found = api.models()
    if as_json:
        _print(found)
    else:
        show_models(found)


@app.command()
def versions(
    name: Name, limit: Limit = 20, cursor: Cursor = None, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Show the versions of one model, newest first, with their figures and why each has its status."""
    with Api(url) as api:
        found = api.versions(name, limit=limit, cursor=cursor)
    if as_json:
        _print(found)
    else:
        show_versions(found)
        _tell_older(found.next_cursor)


@app.command()
def show(name: Name, version: Number, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show one version: its data, figures, features, and what the gate said of it."""
    with Api(url) as api:
        found = api.version(name, version)
    if as_json:
        _print(found)
    else:
        show_version(found)


@app.command()
def promote(
    name: Name, version: Number, reason: Reason, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Put a version in service at once, whatever the gate said of it."""
    with Api(url) as api:
        _tell(api.promote(name, version, reason), as_json)


@app.command()
def rollback(
    name: Name,
    reason: Reason,
    version: Annotated[
        int | None, typer.Option(min=1, help="The version that is to go: if it serves no more, do nothing.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Put back at once what served before the model of this name; again, and it goes one further back."""
    with Api(url) as api:
        _tell(api.roll_back(name, reason=reason, version=version), as_json)


@app.command()
def audit(limit: Limit = 20, cursor: Cursor = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show who put which version in service, newest first, and why."""
    with Api(url) as api:
        found = api.service_changes(limit=limit, cursor=cursor)
    if as_json:
        _print(found)
    else:
        show_changes(found)
        _tell_older(found.next_cursor)


@app.command()
def trainings(
    limit: Limit = 20, cursor: Cursor = None, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Show what came of the trainings, newest first; --json has every answer of the gate."""
    with Api(url) as api:
        found = api.trainings(limit=limit, cursor=cursor)
    if as_json:
        _print(found)
    else:
        show_trainings(found)
        _tell_older(found.next_cursor)


def _tell(done: InService, as_json: bool) -> None:
    if as_json:
        _print(done)
    else:
        notes().print(plain(done.says), markup=False)


def _tell_older(cursor: str | None) -> None:
    if cursor:
        notes().print(f"there are older ones: --cursor {plain(cursor)}", markup=False)


def _print(answer: Answer) -> None:
    print_json(answer.model_dump(mode="json"))
