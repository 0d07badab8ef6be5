"""The table of a replayed season, for people and for programs."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from betting.closing_line import ClosingLine
from betting.performance import Performance
from cli.replay_figures import Figures, Month, Said

HONEST = (
    "Closing line value and calibration come first: they tell after hundreds of bets what profit tells after "
    "tens of thousands. No profit is promised."
)


def show_report(figures: Figures, seconds: float, console: Console) -> None:
    console.print()
    console.print(_table(figures))
    console.print()
    for line in (_calibration(figures.said), _trainings(figures.trainings), HONEST):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"{seconds:.0f} seconds", markup=False)


def report_json(figures: Figures, seconds: float) -> dict[str, Any]:
    """The same as programs read it; money as text, exact."""
    return {
        "from": figures.first.isoformat(),
        "to": figures.last.isoformat(),
        "opening_bankroll": str(figures.opening_bankroll),
        "bankroll": str(figures.bankroll),
        "predictions": _said_json(figures.said),
        "bets": _bets_json(figures.bets),
        "months": [
            {
                "month": f"{month.month:%Y-%m}",
                "predictions": _said_json(month.said),
                "bets": _bets_json(month.bets),
                "bankroll": str(month.bankroll),
            }
            for month in figures.months
        ],
        "trainings": figures.trainings,
        "seconds": round(seconds, 1),
    }


def _table(figures: Figures) -> Table:
    title = f"Replay from {figures.first} to {figures.last}"
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("month")
    for name in (
        *("CLV fair", "CLV raw", "beat close", "matches", "log loss", "opening", "closing"),
        *("bets", "staked", "profit", "yield", "ROI", "bankroll"),
    ):
        table.add_column(name, justify="right")
    for month in figures.months:
        table.add_row(f"{month.month:%Y-%m}", *_cells(month))
    table.add_section()
    whole = Month(figures.first, figures.said, figures.bets, figures.bankroll)
    table.add_row("in all", *_cells(whole), style="bold")
    return table


def _cells(month: Month) -> list[str]:
    return [
        *_closing_line(month.bets.closing_line if month.bets else None),
        *_losses(month.said),
        *_money(month),
    ]


def _closing_line(line: ClosingLine | None) -> list[str]:
    if line is None or line.fair is None or line.raw is None or line.share_beating is None:
        return ["", "", ""]
    return [
        _with_error(line.fair, line.fair_error),
        _with_error(line.raw, line.raw_error),
        f"{line.share_beating:.0%}",
    ]


def _losses(said: Said | None) -> list[str]:
    if said is None:
        return ["0", "", "", ""]
    lines = [f"{one.log_loss:.4f}" if one else "" for one in (said.opening, said.closing)]
    return [f"{said.model.matches:,}", f"{said.model.log_loss:.4f}", *lines]


def _money(month: Month) -> list[str]:
    bets, bankroll = month.bets, f"{month.bankroll:.2f}"
    if bets is None or bets.turnover_yield is None:
        return ["0", "", "", "", "", bankroll]
    roi = "" if bets.roi is None else f"{bets.roi:+.1%}"
    won = _with_error(bets.turnover_yield, bets.yield_error)
    return [f"{bets.bets:,}", f"{bets.staked:.2f}", f"{bets.profit:+.2f}", won, roi, bankroll]


def _with_error(value: float, error: float | None) -> str:
    return f"{value:+.1%}" if error is None else f"{value:+.1%} ± {error:.1%}"


def _calibration(said: Said | None) -> str:
    if said is None:
        return "No match of this time was predicted."
    told = f"Calibration error {said.model.ece:.3f}, RPS {said.model.rps:.4f}, Brier {said.model.brier:.4f}"
    if said.closing:
        told += (
            f"; the closing line: {said.closing.ece:.3f}, {said.closing.rps:.4f}, {said.closing.brier:.4f}"
        )
    return f"{told}."


def _trainings(outcomes: dict[str, int]) -> str:
    return "Trainings: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) + "."


def _said_json(said: Said | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        name: one and one.as_dict()
        for name, one in (
            ("model", said.model),
            ("market_open", said.opening),
            ("market_close", said.closing),
        )
    }


def _bets_json(bets: Performance | None) -> dict[str, Any] | None:
    if bets is None:
        return None
    return {name: str(value) if hasattr(value, "quantize") else value for name, value in asdict(bets).items()}
