"""What settled bets came to: over all, by month, by market, by league."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from app.bet_schemas import FiguresOut, GroupOut, MonthOut, PerformanceOut
from betting.bet_calibration import BetCalibration, bet_calibration
from betting.closing_line import ClosingLine, closing_line_value
from betting.performance import SettledBet, month_of, performance, performance_by_month
from betting.settlement import BetStatus
from store.bet_history import SettledRow

Bet = tuple[SettledRow, SettledBet]


def figures_of(
    rows: Sequence[SettledRow],
    *,
    bankroll: str,
    starts_with: Decimal,
    settled_from: datetime | None,
    settled_to: datetime,
) -> PerformanceOut:
    """Some milliseconds for a thousand bets: call it in a thread."""
    bets = [(row, settled_bet(row)) for row in rows]
    overall = performance([bet for _, bet in bets], starts_with)
    return PerformanceOut(
        bankroll=bankroll,
        settled_from=settled_from,
        settled_to=settled_to,
        says=_says(overall.closing_line),
        starts_with=starts_with,
        overall=FiguresOut.of(overall, _calibration(rows)),
        by_month=_by_month(bets, starts_with),
        by_market=_by(bets, lambda row: row.market, starts_with),
        by_league=_by(bets, lambda row: row.league_code, starts_with),
    )


def settled_bet(row: SettledRow) -> SettledBet:
    """The bet as performance counts it, with its closing line value where the close is known."""
    value = None
    if row.closing_price is not None and row.closing_probability is not None:
        value = closing_line_value(row.price, row.closing_price, row.closing_probability)
    return SettledBet(row.settled_at, BetStatus(row.status), row.stake, row.price, row.returned, value)


def _calibration(rows: Sequence[SettledRow]) -> BetCalibration:
    decided = {BetStatus.WON, BetStatus.LOST}
    return bet_calibration(
        [
            (row.probability, row.status == BetStatus.WON)
            for row in rows
            if row.probability is not None and row.status in decided
        ]
    )


def _by_month(bets: Sequence[Bet], starts_with: Decimal) -> list[MonthOut]:
    rows: dict[object, list[SettledRow]] = {}
    for row, bet in bets:
        rows.setdefault(month_of(bet), []).append(row)
    return [
        MonthOut(month=month, figures=FiguresOut.of(figures, _calibration(rows[month])))
        for month, figures in performance_by_month([bet for _, bet in bets], starts_with).items()
    ]


def _by(bets: Sequence[Bet], name: Callable[[SettledRow], str], starts_with: Decimal) -> list[GroupOut]:
    groups: dict[str, list[Bet]] = {}
    for row, bet in bets:
        groups.setdefault(name(row), []).append((row, bet))
    return [
        GroupOut(
            name=group,
            figures=FiguresOut.of(
                performance([bet for _, bet in found], starts_with), _calibration([row for row, _ in found])
            ),
        )
        for group, found in sorted(groups.items())
    ]


def _says(line: ClosingLine) -> str:
    """What to look at first, and what not to believe."""
    luck = "Profit tells it much later, and no figure here promises any."
    if line.fair is None or line.fair_error is None:
        return f"Too few closing prices are known to judge these bets. {luck}"
    better = "better" if line.fair >= 0 else "worse"
    told = f"{abs(line.fair):.2%} {better} than the closing line with its margin removed"
    return f"The prices taken were {told} (standard error {line.fair_error:.2%}, {line.bets} bets). {luck}"
