"""The picture of a replayed season: closing line value and calibration first, then the money."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import sqrt
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cli.replay_figures import Figures

SIZE_INCHES, DOTS_PER_INCH = (10, 11), 110
MODEL, OPENING, CLOSING, MONEY = "#1f5fa8", "#c77f1a", "#5b5b5b", "#2e7d4f"


def draw(figures: Figures, path: Path) -> None:
    """Writes the PNG; aside first, so that there is a whole picture or the one before."""
    # No pyplot: it keeps what it draws, and asks for a display.
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    value, loss, money = figure.subplots(3, 1)
    figure.suptitle(f"Replay from {figures.first} to {figures.last}: {figures.headline}")
    aside = path.with_name(f".{path.name}.part")
    with rc_context({"date.converter": "concise"}):
        _closing_line_value(value, figures)
        _log_loss(loss, figures)
        _bankroll(money, figures)
        figure.savefig(aside, format="png", dpi=DOTS_PER_INCH)
    aside.replace(path)


def _closing_line_value(axes: Axes, figures: Figures) -> None:
    """The mean so far, with two standard errors of it."""
    axes.set_title(
        "Closing line value of the bets so far: price taken against the fair closing price", loc="left"
    )
    bets = [bet for bet in figures.settled if bet.closing_line_value is not None]
    values = np.array([bet.closing_line_value.fair for bet in bets if bet.closing_line_value])
    axes.axhline(0, color=CLOSING, linewidth=0.8)
    if len(values) > 1:
        number = np.arange(1, len(values) + 1)
        mean = np.cumsum(values) / number
        spread = np.sqrt(np.maximum(np.cumsum(values**2) / number - mean**2, 0) / number)
        last = _last_of_each_moment([bet.settled_at for bet in bets])
        moments, mean, spread = _moments([bets[place].settled_at for place in last]), mean[last], spread[last]
        axes.plot(moments, 100 * mean, "o-", markersize=3, color=MODEL)
        axes.fill_between(
            moments, 100 * (mean - 2 * spread), 100 * (mean + 2 * spread), color=MODEL, alpha=0.2
        )
        # The first bets say little and would stretch the axis.
        shown = 100 * np.abs(mean[int(sqrt(len(mean))) :]).max()
        axes.set_ylim(-1.6 * shown - 1, 1.6 * shown + 1)
    axes.set_ylabel("% (band: 2 standard errors)")


def _log_loss(axes: Axes, figures: Figures) -> None:
    axes.set_title("Log loss by month of kick-off (lower is better)", loc="left")
    months = [month for month in figures.months if month.said]
    for name, colour in (("model", MODEL), ("opening", OPENING), ("closing", CLOSING)):
        known = [
            (month.month, told.log_loss)
            for month in months
            if (told := getattr(month.said, name)) is not None
        ]
        if known:
            label = "model" if name == "model" else f"{name} line of the market"
            axes.plot(
                _moments([day for day, _ in known]),
                [loss for _, loss in known],
                "o-",
                color=colour,
                label=label,
            )
    if months:
        axes.legend(frameon=False)
    axes.set_ylabel("log loss")


def _bankroll(axes: Axes, figures: Figures) -> None:
    axes.set_title("Bankroll, as bets were settled", loc="left")
    path = np.cumsum([float(bet.profit) for bet in figures.settled]) + float(figures.opening_bankroll)
    last = _last_of_each_moment([bet.settled_at for bet in figures.settled])
    axes.axhline(float(figures.opening_bankroll), color=CLOSING, linewidth=0.8)
    moments = _moments([figures.settled[place].settled_at for place in last])
    axes.step(moments, path[last], "o-", markersize=3, color=MONEY, where="post")
    axes.set_ylabel("money")


def _last_of_each_moment(times: Sequence[datetime]) -> list[int]:
    """Bets that were settled together have no order among each other."""
    return [place for place, time in enumerate(times) if place + 1 == len(times) or times[place + 1] != time]


def _moments(times: Sequence[date]) -> NDArray[np.datetime64]:
    """As matplotlib counts them; a time (a date that has hours) is UTC, which numpy takes for granted."""
    naive = [
        time.astimezone(UTC).replace(tzinfo=None) if isinstance(time, datetime) else time for time in times
    ]
    return np.array(naive, dtype="datetime64[us]")
