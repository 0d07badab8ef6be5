"""What settled bets brought, in money and as shares; closing line value beside it, which tells sooner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate
from math import sqrt

from betting.closing_line import ClosingLine, ClosingLineValue, closing_line
from betting.settlement import BetStatus

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class SettledBet:
    """A bet as it was settled; without closing line value where no closing price was known."""

    settled_at: datetime
    status: BetStatus
    stake: Decimal
    price: Decimal
    returned: Decimal
    closing_line_value: ClosingLineValue | None = None

    @property
    def profit(self) -> Decimal:
        return self.returned - self.stake


@dataclass(frozen=True)
class Performance:
    """Figures of settled bets, in their order; ratios are None where there is nothing to divide by.

    Void bets are counted in `void` and nowhere else. `roi` is profit by bankroll at the start,
    `turnover_yield` profit by money staked, `strike_rate` the share of bets won, at least half, among those
    won or lost. The drawdown is the furthest the bankroll fell below its highest before, in money and as a
    share of that. A push does not end a losing run.
    """

    bets: int
    void: int
    staked: Decimal
    returned: Decimal
    profit: Decimal
    roi: float | None
    turnover_yield: float | None
    yield_error: float | None
    strike_rate: float | None
    mean_price: Decimal | None
    drawdown: Decimal
    drawdown_share: float | None
    longest_losing_run: int
    closing_line: ClosingLine


def performance(bets: Iterable[SettledBet], bankroll: Decimal) -> Performance:
    """Of bets settled from a bankroll at the start. Raises ValueError if one is open."""
    ordered = sorted(bets, key=lambda bet: bet.settled_at)
    if any(bet.status is BetStatus.OPEN for bet in ordered):
        raise ValueError("an open bet has no performance: leave it out until it is settled")
    counted = [bet for bet in ordered if bet.status is not BetStatus.VOID]
    staked = sum((bet.stake for bet in counted), NOTHING)
    returned = sum((bet.returned for bet in counted), NOTHING)
    drawdown, drawdown_share = _drawdown(counted, bankroll)
    return Performance(
        bets=len(counted),
        void=len(ordered) - len(counted),
        staked=staked,
        returned=returned,
        profit=returned - staked,
        roi=_ratio(returned - staked, bankroll),
        turnover_yield=_ratio(returned - staked, staked),
        yield_error=_yield_error(counted),
        strike_rate=_strike_rate(counted),
        mean_price=_mean_price(counted),
        drawdown=drawdown,
        drawdown_share=drawdown_share,
        longest_losing_run=_longest_losing_run(counted),
        closing_line=closing_line([bet.closing_line_value for bet in counted if bet.closing_line_value]),
    )


def performance_by_month(bets: Iterable[SettledBet], bankroll: Decimal) -> dict[date, Performance]:
    """By the first day of each month (UTC) with settled bets; each starts with what the last left."""
    months: dict[date, list[SettledBet]] = {}
    for bet in sorted(bets, key=lambda bet: bet.settled_at):
        months.setdefault(month_of(bet), []).append(bet)
    figures = {}
    for month, settled in months.items():
        figures[month] = performance(settled, bankroll)
        bankroll += figures[month].profit
    return figures


def month_of(bet: SettledBet) -> date:
    """The first day of the month in which it was settled, in UTC."""
    return bet.settled_at.astimezone(UTC).date().replace(day=1)


def _ratio(part: Decimal, whole: Decimal) -> float | None:
    return float(part / whole) if whole > 0 else None


def _yield_error(bets: Sequence[SettledBet]) -> float | None:
    """Standard error of a ratio of sums, profit by stake: Cochran (1977), Sampling Techniques, 2.11."""
    if len(bets) < 2:
        return None
    staked = sum((bet.stake for bet in bets), NOTHING)
    mean = sum((bet.profit for bet in bets), NOTHING) / staked
    squares = sum(((bet.profit - mean * bet.stake) ** 2 for bet in bets), NOTHING)
    return sqrt(squares * len(bets) / (len(bets) - 1)) / float(staked)


def _strike_rate(bets: Sequence[SettledBet]) -> float | None:
    decided = [bet for bet in bets if bet.status is not BetStatus.PUSH]
    won = [bet for bet in decided if bet.status in {BetStatus.WON, BetStatus.HALF_WON}]
    return len(won) / len(decided) if decided else None


def _mean_price(bets: Sequence[SettledBet]) -> Decimal | None:
    return round(sum((bet.price for bet in bets), NOTHING) / len(bets), 4) if bets else None


def _drawdown(bets: Sequence[SettledBet], bankroll: Decimal) -> tuple[Decimal, float | None]:
    path = list(accumulate((bet.profit for bet in bets), initial=bankroll))
    peaks = list(accumulate(path, max))
    falls = [(peak - money, _ratio(peak - money, peak)) for peak, money in zip(peaks, path, strict=True)]
    shares = [share for _, share in falls if share is not None]
    return max(fall for fall, _ in falls), max(shares, default=None)


def _longest_losing_run(bets: Sequence[SettledBet]) -> int:
    longest = run = 0
    for bet in bets:
        if bet.status is BetStatus.PUSH:
            continue
        run = run + 1 if bet.status in {BetStatus.LOST, BetStatus.HALF_LOST} else 0
        longest = max(longest, run)
    return longest
