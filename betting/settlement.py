"""What became of a bet: settled from how its match ended, the same however often it is asked.

Bookmakers pay on what was played in regular time, by the rules of most of them: a match that is put off, or
decided at a desk, returns the stakes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from betting.markets import QUARTER, Market, Selection
from betting.odds import check_price
from betting.staking import CENT

# A postponed match that is played within it counts; bookmakers say from the same day to 72 hours, most 48.
PLAYED_WITHIN = timedelta(hours=48)


class BetStatus(StrEnum):
    """`void`: the bet never was; `push`: it was, and ended level on its line. Both return the stake."""

    OPEN = "open"
    WON = "won"
    HALF_WON = "half_won"
    PUSH = "push"
    HALF_LOST = "half_lost"
    LOST = "lost"
    VOID = "void"


class Ending(StrEnum):
    """How a match ended; `played` is to the end of regular time, `awarded` is by decision of the league."""

    PLAYED = "played"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    AWARDED = "awarded"


@dataclass(frozen=True)
class MatchEnding:
    """How a match ended and when it kicked off; goals of regular time if it was played. Raises ValueError.

    Where only its day is known, `kickoff_at` is a moment of that day that tells nothing of when it began.
    """

    ending: Ending
    kickoff_at: datetime
    home_goals: int | None = None
    away_goals: int | None = None
    kickoff_time_known: bool = True

    def __post_init__(self) -> None:
        if self.ending is Ending.PLAYED and (self.home_goals is None or self.away_goals is None):
            raise ValueError("a match that was played has the goals of both sides")
        if min(self.home_goals or 0, self.away_goals or 0) < 0:
            raise ValueError(f"goals cannot be negative: {self.home_goals}-{self.away_goals}")


@dataclass(frozen=True)
class Bet:
    """Money on a selection at a price, for a match planned for `kickoff_at`. Raises ValueError."""

    selection: Selection
    stake: Decimal
    price: Decimal
    placed_at: datetime
    kickoff_at: datetime

    def __post_init__(self) -> None:
        check_price(self.price)
        if not (self.stake.is_finite() and self.stake > 0 and self.stake % CENT == 0):
            raise ValueError(f"a stake is positive money in whole cents, not {self.stake}")


@dataclass(frozen=True)
class Settlement:
    """What a bet returned, stake included, and won or lost, in cents; `ending` and `goals` decided it."""

    status: BetStatus
    returned: Decimal
    profit: Decimal
    ending: Ending
    goals: tuple[int | None, int | None]
    why: str


@dataclass(frozen=True)
class Correction:
    """A settlement in place of an earlier one; `difference` is to be paid, or taken back if negative.

    It is zero where another result decides the same: who asks why the bet was won is to read the true one.
    """

    previous: Settlement
    new: Settlement
    difference: Decimal


def settle(bet: Bet, ended: MatchEnding, played_within: timedelta = PLAYED_WITHIN) -> Settlement:
    """The settlement of a bet. Half a cent goes to the even cent, so that many bets are off by nothing."""
    status, why = _status(bet, ended, played_within)
    returned = _returned(bet, status).quantize(CENT, ROUND_HALF_EVEN)
    goals = (ended.home_goals, ended.away_goals)
    return Settlement(status, returned, returned - bet.stake, ended.ending, goals, why)


def correction(previous: Settlement, new: Settlement) -> Correction | None:
    """What a new settlement of the same bet changes; None if nothing, as after the same result again.

    What was played stands when the match is awarded to a side afterwards.
    """
    if new.ending is Ending.AWARDED:
        return None
    if replace(previous, why=new.why) == new:
        return None
    return Correction(previous, new, new.returned - previous.returned)


def settle_again(
    bet: Bet, previous: Settlement | None, ended: MatchEnding
) -> tuple[Settlement, Decimal] | None:
    """The settlement after an earlier one, if any, with what is to be paid; None if it changes nothing.

    All that is ever paid on a bet adds up to what its last settlement returned.
    """
    new = settle(bet, ended)
    if previous is None:
        return new, new.returned
    changed = correction(previous, new)
    return None if changed is None else (new, changed.difference)


def _status(bet: Bet, ended: MatchEnding, played_within: timedelta) -> tuple[BetStatus, str]:
    if ended.home_goals is None or ended.away_goals is None or ended.ending is not Ending.PLAYED:
        return BetStatus.VOID, f"the match was {ended.ending}: the stake is returned"
    if ended.kickoff_time_known and ended.kickoff_at <= bet.placed_at:
        return BetStatus.VOID, "the match had begun when the bet was placed: the stake is returned"
    delay = ended.kickoff_at - bet.kickoff_at
    if delay > played_within:
        hours = delay // timedelta(hours=1)
        return BetStatus.VOID, f"the match was played {hours} hours later than planned: the stake is returned"
    status = _on_score(bet.selection, ended.home_goals, ended.away_goals)
    return status, f"{bet.selection}: {status} at {ended.home_goals}-{ended.away_goals}"


def _on_score(selection: Selection, home: int, away: int) -> BetStatus:
    match selection.market:
        case Market.MATCH_RESULT:
            happened = "home" if home > away else "away" if home < away else "draw"
        case Market.BOTH_TO_SCORE:
            happened = "yes" if home and away else "no"
        case Market.CORRECT_SCORE:
            happened = f"{home}-{away}"
        case Market.OVER_UNDER:
            return _on_total(selection, home + away)
    return BetStatus.WON if selection.name == happened else BetStatus.LOST


def _on_total(selection: Selection, goals: int) -> BetStatus:
    """A line on a quarter is two bets of half the stake, on the lines a quarter below and above."""
    ahead = goals - (selection.line or Decimal(0))
    if selection.name == "under":
        ahead = -ahead
    if abs(ahead) > QUARTER:
        return BetStatus.WON if ahead > 0 else BetStatus.LOST
    if ahead == 0:
        return BetStatus.PUSH
    return BetStatus.HALF_WON if ahead > 0 else BetStatus.HALF_LOST


def _returned(bet: Bet, status: BetStatus) -> Decimal:
    half = bet.stake / 2
    return {
        BetStatus.WON: bet.stake * bet.price,
        BetStatus.HALF_WON: half * bet.price + half,
        BetStatus.HALF_LOST: half,
        BetStatus.LOST: Decimal(0),
    }.get(status, bet.stake)
