"""`matchday predictions ...` and `matchday picks`: what is expected of matches, and what was worth a bet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from cli.arguments import moment
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.prediction_answers import Goals, MatchPrediction, Pick, Prediction, Prices
from cli.terminal import cell, notes, print_json, results

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="See what was predicted of a league or a match, and what the runs did.",
)
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]
KICKOFF = "A time, or a period from now such as 2d."


@app.command()
def league(
    code: Annotated[str, typer.Argument(metavar="LEAGUE")], url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Show what was last predicted of a league, by kick-off."""
    with Api(url) as api:
        found = api.league_predictions(code)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    results().print(_predictions(found.root))


@app.command()
def match(
    match_id: Annotated[int, typer.Argument(metavar="MATCH", min=1)],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what was last predicted of a match, what was worth a bet then, and the prices."""
    with Api(url) as api:
        found = api.match_prediction(match_id)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    results().print(_predictions([found]))
    results().print(_details(found))


@app.command()
def runs(limit: Limit = 20, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the jobs that predicted, the newest first, with the record of the 30 days before each."""
    with Api(url) as api:
        found = api.prediction_runs(limit)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    names = ("job", "as of (UTC)", "seconds", "leagues", "fixtures", "picks", "bets")
    table = Table(*names, "judged", "accuracy", "log loss", "return", box=None)
    for run in found.items:
        counts = (run.leagues, run.fixtures, run.picks, run.bets, run.judged)
        table.add_row(
            str(run.job_id),
            _time(run.as_of),
            f"{run.seconds:.1f}",
            *(str(count) for count in counts),
            "" if run.accuracy is None else f"{run.accuracy:.1%}",
            "" if run.log_loss is None else f"{run.log_loss:.4f}",
            "" if run.roi is None else f"{run.roi:+.1%}",
        )
    results().print(table)


def picks(
    league: Annotated[str | None, typer.Option(help="Of this league only.")] = None,
    market: Annotated[str | None, typer.Option(help="Of this market only: match_result, over_under.")] = None,
    kickoff_from: Annotated[str | None, typer.Option("--from", help=KICKOFF)] = None,
    kickoff_to: Annotated[str | None, typer.Option("--to", help=KICKOFF)] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what was worth a bet of coming matches, and why: the newest first."""
    now = datetime.now(UTC)
    with Api(url) as api:
        found = api.picks(
            league=league,
            market=market,
            kickoff_from=moment("--from", kickoff_from, now=now, ago=False),
            kickoff_to=moment("--to", kickoff_to, now=now, ago=False),
            limit=limit,
        )
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    results().print(_picks(found.items))
    if found.next_cursor:
        notes().print(f"the newest {limit} of more; --limit shows up to 200", markup=False)


def _predictions(rows: Sequence[Prediction]) -> Table:
    names = ("match", "league", "kick-off (UTC)", "home", "away", "1", "X", "2", "pick")
    table = Table(*names, "goals", "over 2.5", "both score", "likeliest", box=None)
    for row in rows:
        table.add_row(
            str(row.match_id),
            cell(row.league),
            _time(row.kickoff_at),
            cell(row.home_team),
            cell(row.away_team),
            *(f"{chance:.0%}" for chance in (row.home, row.draw, row.away)),
            cell(row.pick),
            *_goals(row.goals),
        )
    return table


def _goals(goals: Goals | None) -> tuple[str, ...]:
    if goals is None:
        return ("", "", "", "")
    likeliest = ", ".join(told.score for told in goals.likely_scores[:3])
    return (
        f"{goals.home:.1f} - {goals.away:.1f}",
        f"{goals.over_2_5:.0%}",
        f"{goals.both_to_score:.0%}",
        likeliest,
    )


def _picks(rows: Sequence[Pick]) -> Table:
    table = Table("as of (UTC)", "league", "kick-off (UTC)", "match", "edge", "stake", "why", box=None)
    for row in rows:
        table.add_row(
            _time(row.as_of),
            cell(row.league),
            _time(row.kickoff_at),
            cell(f"{row.home_team} - {row.away_team}"),
            f"{row.edge:+.1%}",
            f"{row.stake}",
            cell(row.why),
        )
    return table


def _details(found: MatchPrediction) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("model", cell(f"{found.model.name} {found.model.version}, as of {_time(found.as_of)}"))
    if found.goals:
        likely = ", ".join(f"{told.score} {told.probability:.1%}" for told in found.goals.likely_scores)
        table.add_row("scores", cell(likely))
    for pick in found.picks:
        table.add_row("pick", cell(pick.why))
    for prices in found.prices:
        table.add_row("prices", cell(_paid(prices)))
    return table


def _paid(prices: Prices) -> str:
    line = "" if prices.line is None else f" {prices.line}"
    paid = ", ".join(f"{name}{line} {price or '-'}" for name, price in prices.prices.items())
    return f"{prices.bookmaker}: {paid} (since {_time(prices.known_at)})"


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
