"""`matchday teams ...`: names that match no team of ours, and who is meant by them."""

from typing import Annotated

import typer
from rich.table import Table

from cli.client import DEFAULT_URL
from cli.jobs import AsJson, Url
from cli.team_answers import Unmatched
from cli.team_client import TeamsApi
from cli.terminal import cell, notes, plain, print_json, results

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="See which names of providers match no team, say who is meant, see and forget what was said.",
)
Limit = Annotated[int, typer.Option(min=1, max=200)]
Next = Annotated[str | None, typer.Option(help="next_cursor of the page before.")]


@app.command()
def unmatched(
    source: Annotated[str | None, typer.Option(help="Of this provider only.")] = None,
    limit: Limit = 50,
    cursor: Next = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show the names that wait for somebody to say who is meant; their rows are held back."""
    with TeamsApi(url) as api:
        page = api.unmatched(source=source, limit=limit, cursor=cursor)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = Table("source", "league", "name", "seen", "similar teams", box=None)
    for one in page.items:
        names = (cell(one.source), cell(one.league), cell(one.name), str(one.times_seen))
        table.add_row(*names, cell(_similar(one)))
    results().print(table)
    _tell_more(page.next_cursor)


@app.command()
def confirm(
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    league: Annotated[str, typer.Argument(metavar="LEAGUE")],
    alias: Annotated[str, typer.Argument(metavar="NAME", help="As the provider writes it.")],
    team: Annotated[str, typer.Argument(metavar="TEAM", help="As its matches are stored.")],
    is_new: Annotated[bool, typer.Option("--new", help="No match of the team is stored yet.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say which team a provider means by a name, in all leagues of the country."""
    names = {"source": source, "league": league, "alias": alias, "team": team}
    with TeamsApi(url) as api:
        confirmed = api.confirm({**names, "is_new": is_new})
    if as_json:
        print_json(confirmed.model_dump(mode="json"))
        return
    told = f"{plain(confirmed.alias)} of {confirmed.source} is {plain(confirmed.team)}"
    notes().print(f"{told} ({confirmed.country}); the next ingest takes its matches in", markup=False)


@app.command()
def aliases(limit: Limit = 50, cursor: Next = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show what was confirmed."""
    with TeamsApi(url) as api:
        page = api.aliases(limit=limit, cursor=cursor)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = Table("id", "source", "country", "name", "team", "confirmed by", box=None)
    for one in page.items:
        names = (cell(one.source), cell(one.country), cell(one.alias), cell(one.team), cell(one.confirmed_by))
        table.add_row(str(one.id), *names)
    results().print(table)
    _tell_more(page.next_cursor)


@app.command()
def forget(alias_id: Annotated[int, typer.Argument(metavar="ID")], url: Url = DEFAULT_URL) -> None:
    """Forget what was confirmed; what was stored under it stays."""
    with TeamsApi(url) as api:
        api.forget(alias_id)
    notes().print(f"alias {alias_id} is forgotten", markup=False)


def _similar(one: Unmatched) -> str:
    return ", ".join(f"{each.team} ({each.score:.0f})" for each in one.suggestions)


def _tell_more(next_cursor: str | None) -> None:
    if next_cursor:
        notes().print(f"there are more: --cursor {plain(next_cursor)}", markup=False)
