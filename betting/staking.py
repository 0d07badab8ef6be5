"""How much to stake: flat, or a fraction of Kelly's share, under caps per bet, match and day."""

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from betting.odds import check_price
from betting.value import edge

CENT = Decimal("0.01")


class StakeLimit(StrEnum):
    """What decided the size of a stake: nothing but the plan's wish, a cap, or what left no stake at all."""

    NONE = "none"
    BET_CAP = "bet_cap"
    MATCH_CAP = "match_cap"
    DAY_CAP = "day_cap"
    SMALLEST_STAKE = "smallest_stake"
    NO_EDGE = "no_edge"


@dataclass(frozen=True)
class StakingPlan:
    """Rules for stakes. Caps are shares of the bankroll; without a flat stake it is fractional Kelly.

    A quarter of Kelly, because its full share is right only for probabilities without error: overbetting
    costs growth faster than underbetting. Raises ValueError.
    """

    flat_stake: Decimal | None = None
    kelly_fraction: Decimal = Decimal("0.25")
    bet_cap: Decimal = Decimal("0.02")
    match_cap: Decimal = Decimal("0.03")
    day_cap: Decimal = Decimal("0.10")
    smallest_stake: Decimal = Decimal("1.00")

    def __post_init__(self) -> None:
        for name in ("kelly_fraction", "bet_cap", "match_cap", "day_cap"):
            share: Decimal = getattr(self, name)
            if not (share.is_finite() and 0 < share <= 1):
                raise ValueError(f"{name} is a share above 0 and at most 1, such as 0.02 for 2%, not {share}")
        for name in ("flat_stake", "smallest_stake"):
            money: Decimal | None = getattr(self, name)
            if money is not None and not (money.is_finite() and money >= CENT):
                raise ValueError(f"{name} is money of at least {CENT}, not {money}")


@dataclass(frozen=True)
class Exposure:
    """The money there is and what is staked already.

    `bankroll` is what is not at stake in open bets, so that no plan can stake more than there is. A day is
    that on which bets are placed. Raises ValueError.
    """

    bankroll: Decimal
    staked_today: Decimal = Decimal(0)
    staked_on_match: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("bankroll", "staked_today", "staked_on_match"):
            money: Decimal = getattr(self, name)
            if not (money.is_finite() and money >= 0):
                raise ValueError(f"{name} is money and not negative, not {money}")

    def after(self, stake: Decimal) -> "Exposure":
        """With one stake more on the day and the match; the bankroll stays, so that all are shares of one."""
        today, on_match = self.staked_today + stake, self.staked_on_match + stake
        return replace(self, staked_today=today, staked_on_match=on_match)


@dataclass(frozen=True)
class Stake:
    """Money to stake, in whole cents, zero for no bet; `kelly` is Kelly's full share of the bankroll."""

    amount: Decimal
    kelly: float
    limit: StakeLimit
    why: str


def kelly_share(probability: float, price: Decimal) -> float:
    """The share of the bankroll whose repeated bet makes it grow fastest: edge / (price - 1), at least 0.

    Kelly (1956), A new interpretation of information rate.
    """
    return max(edge(probability, price) / float(check_price(price) - 1), 0.0)


def size_stake(plan: StakingPlan, probability: float, price: Decimal, exposure: Exposure) -> Stake:
    """The stake that the plan wants, cut to the tightest cap, rounded down to a cent. Raises ValueError."""
    kelly = kelly_share(probability, price)
    if plan.flat_stake is None and kelly == 0:
        return Stake(Decimal(0), kelly, StakeLimit.NO_EDGE, "Kelly stakes nothing without an edge")
    wanted, wish = _wanted(plan, kelly, exposure.bankroll)
    room = {StakeLimit.NONE: wanted} | _room(plan, exposure)
    limit = min(room, key=room.__getitem__)
    amount = room[limit].quantize(CENT, ROUND_DOWN)
    why = f"{wish}, {_cut(plan, limit, amount)}"
    if amount < plan.smallest_stake:
        why += f", less than the smallest stake of {plan.smallest_stake:.2f}"
        return Stake(Decimal(0), kelly, StakeLimit.SMALLEST_STAKE, why)
    return Stake(amount, kelly, limit, why)


def _wanted(plan: StakingPlan, kelly: float, bankroll: Decimal) -> tuple[Decimal, str]:
    if plan.flat_stake is not None:
        return plan.flat_stake, f"flat stake of {plan.flat_stake:.2f}"
    money = Decimal(kelly) * plan.kelly_fraction * bankroll
    return money, f"{plan.kelly_fraction:f} of Kelly's {kelly:.1%} of {bankroll:.2f} is {money:.2f}"


def _room(plan: StakingPlan, exposure: Exposure) -> dict[StakeLimit, Decimal]:
    """The tightest of equal caps is the first."""
    bankroll, nothing = exposure.bankroll, Decimal(0)
    return {
        StakeLimit.BET_CAP: plan.bet_cap * bankroll,
        StakeLimit.MATCH_CAP: max(plan.match_cap * bankroll - exposure.staked_on_match, nothing),
        StakeLimit.DAY_CAP: max(plan.day_cap * bankroll - exposure.staked_today, nothing),
    }


def _cut(plan: StakingPlan, limit: StakeLimit, amount: Decimal) -> str:
    match limit:
        case StakeLimit.BET_CAP:
            return f"cut to {amount} by the cap of {_percent(plan.bet_cap)} a bet"
        case StakeLimit.MATCH_CAP:
            return f"cut to {amount} by the cap of {_percent(plan.match_cap)} a match"
        case StakeLimit.DAY_CAP:
            return f"cut to {amount} by the cap of {_percent(plan.day_cap)} a day"
        case _:
            return "below every cap"


def _percent(share: Decimal) -> str:
    return f"{(100 * share).normalize():f}%"
