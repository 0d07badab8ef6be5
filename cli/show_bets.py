"""Bets and what they came to, as tables for people."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from cli.bet_answers import Bet, BetPage, BetPerformance, BetWithTrail, Figures
from cli.terminal import cell, plain, results

STYLES = {"open": "cyan", "won": "green", "half_won": "green", "lost": "red", "half_lost": "red"}


def show_bets(page: BetPage) -> None:
    table = Table(
        "id",
        "placed (UTC)",
        "league",
        "match",
        "bet",
        "price",
        "stake",
        "status",
        "profit",
        "vs close",
        box=None,
    )
    for bet in page.items:
        table.add_row(
            str(bet.id),
            _time(bet.placed_at),
            cell(bet.match.league),
            cell(f"{bet.match.home_team} - {bet.match.away_team}"),
            cell(bet.bet_on),
            cell(bet.price),
            cell(bet.stake),
            _status(bet.status),
            cell(bet.profit or ""),
            _share(bet.closing.raw if bet.closing else None, signed=True),
        )
    results().print(table)


def show_bet(bet: BetWithTrail) -> None:
    """Every field that says something, and the settlements below."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _fields(bet):
        if value:
            table.add_row(name, cell(value))
    results().print(table)
    trail = Table("settled (UTC)", "status", "returned", "difference", "why", box=None)
    for one in bet.settlements:
        money = (cell(one.returned), cell(one.difference))
        trail.add_row(_time(one.settled_at), _status(one.status), *money, cell(one.why))
    if bet.settlements:
        results().print(trail)


def show_performance(found: BetPerformance) -> None:
    """One line a part, the measures that tell most first."""
    results().print(plain(found.says), markup=False)
    parts = [("all", found.overall)]
    parts += [(f"{month.month:%Y-%m}", month.figures) for month in found.by_month]
    parts += [(group.name, group.figures) for group in (*found.by_market, *found.by_league)]
    results().print(_figures(parts))


def _figures(parts: Sequence[tuple[str, Figures]]) -> Table:
    table = Table(
        "", "fair CLV", "+/-", "beat close", "expected", "won", "bets", "staked", "profit", "yield", "+/-",
        "ROI", "drawdown", "losing run", box=None,
    )  # fmt: skip
    for name, figures in parts:
        line, calibration = figures.closing_line, figures.calibration
        table.add_row(
            cell(name),
            _share(line.fair, signed=True),
            _share(line.fair_error),
            _share(line.share_beating),
            _share(calibration.expected),
            _share(calibration.won),
            str(figures.bets),
            cell(figures.staked),
            cell(figures.profit),
            _share(figures.turnover_yield, signed=True),
            _share(figures.yield_error),
            _share(figures.roi, signed=True),
            cell(figures.drawdown),
            str(figures.longest_losing_run),
        )
    return table


def _fields(bet: Bet) -> list[tuple[str, str]]:
    match, closing = bet.match, bet.closing
    close = "" if closing is None else f"{closing.price} (raw {closing.raw:+.1%}, fair {closing.fair:+.1%})"
    return [
        ("id", str(bet.id)),
        ("match", f"{match.league} {match.home_team} - {match.away_team}, {_time(match.kickoff_at)} UTC"),
        ("bet", bet.bet_on),
        ("price", f"{bet.price} at {bet.bookmaker}"),
        ("stake", f"{bet.stake} from {bet.bankroll}"),
        ("probability", _share(bet.probability)),
        ("placed", f"{_time(bet.placed_at)} UTC"),
        ("status", bet.status),
        ("returned", bet.returned or ""),
        ("profit", bet.profit or ""),
        ("closing price", close),
    ]


def _status(status: str) -> Text:
    return cell(status, STYLES.get(status, ""))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _share(share: float | None, *, signed: bool = False) -> str:
    if share is None:
        return ""
    return f"{share:+.1%}" if signed else f"{share:.1%}"
