"""`matchday performance`: how good the predictions were that were served."""

from typing import Annotated

import typer
from rich.table import Table

from cli.bet_answers import ServedPerformance
from cli.client import DEFAULT_URL, Api
from cli.jobs import AsJson, Url
from cli.terminal import cell, print_json, results


def performance(
    window_days: Annotated[int | None, typer.Option(min=1, help="7, 30 or 90; all if left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many rows, the latest day first.")] = 3,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show how good the predictions were that were served, and whether that is as promised."""
    with Api(url) as api:
        found = api.model_performance(window_days=window_days, limit=limit)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table(
        "day", "days", "matches", "log loss", "+/-", "promised", "market", "beside it", "accuracy",
        "calibration", "bets", "CLV", "verdict", box=None,
    )  # fmt: skip
    for one in found.items:
        table.add_row(*_row(one), cell(one.says, "bold red" if one.drifted else ""))
    results().print(table)


def _row(one: ServedPerformance) -> list[str]:
    return [
        f"{one.day}",
        str(one.window_days),
        str(one.matches),
        _figure(one.log_loss),
        _figure(one.log_loss_error),
        _figure(one.promised_log_loss),
        _figure(one.market.log_loss),
        _figure(one.market.predictions_log_loss),
        "" if one.accuracy is None else f"{one.accuracy:.1%}",
        _figure(one.ece),
        str(one.bets.bets),
        "" if one.bets.closing_line_value is None else f"{one.bets.closing_line_value:+.1%}",
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
