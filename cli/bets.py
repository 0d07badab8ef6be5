"""`matchday bets ...`: the bets, what became of each, what they came to."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from cli.arguments import moment
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.show_bets import show_bet, show_bets, show_performance
from cli.terminal import notes, plain, print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See bets and what they came to.")
Since = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Since this time, or within: 30d.")]
Until = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before this time.")]


class Status(StrEnum):
    open = "open"
    won = "won"
    half_won = "half_won"
    push = "push"
    half_lost = "half_lost"
    lost = "lost"
    void = "void"


@app.command("list")
def list_bets(
    bankroll: Annotated[str | None, typer.Option()] = None,
    status: Annotated[list[Status] | None, typer.Option(help="Repeatable.")] = None,
    league: Annotated[str | None, typer.Option()] = None,
    placed_from: Since = None,
    placed_to: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str | None, typer.Option(help="next_cursor of the page before.")] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show bets, the one placed last first."""
    filters = {"bankroll": bankroll, "status": [str(one) for one in status or []], "league": league}
    with Api(url) as api:
        page = api.bets(**filters, **_times(placed_from, placed_to), limit=limit, cursor=cursor)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    show_bets(page)
    if page.next_cursor:
        notes().print(f"there are earlier bets: --cursor {plain(page.next_cursor)}", markup=False)


@app.command()
def show(
    bet_id: Annotated[int, typer.Argument(metavar="ID", min=1)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show one bet with its settlements."""
    with Api(url) as api:
        bet = api.bet(bet_id)
    if as_json:
        print_json(bet.model_dump(mode="json"))
    else:
        show_bet(bet)


@app.command()
def performance(
    bankroll: Annotated[str, typer.Option()] = "main",
    days: Annotated[int | None, typer.Option(min=1, help="Settled within so many days.")] = None,
    settled_from: Since = None,
    settled_to: Until = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what settled bets came to: closing line value and calibration, then the money."""
    with Api(url) as api:
        found = api.bet_performance(bankroll=bankroll, days=days, **_times(settled_from, settled_to))
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        show_performance(found)


def _times(since: str | None, until: str | None) -> dict[str, str | None]:
    now = datetime.now(UTC)
    return {
        "from": moment("--from", since, now=now, ago=True),
        "to": moment("--to", until, now=now, ago=True),
    }
