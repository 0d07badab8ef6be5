"""Which bets to place: value at the best price there is, one a market, staked by the plan; each says why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from math import isfinite

from betting.markets import Selection
from betting.odds import OddsFormat, check_price, format_price
from betting.offers import Offer, best_offers
from betting.staking import Exposure, Stake, StakingPlan, size_stake
from betting.value import edge, minimum_price


@dataclass(frozen=True)
class PricedMatch:
    """A match to bet on: what the model says, what bookmakers offer, and what is bet on it already."""

    match_id: int
    kickoff_at: datetime
    probabilities: Mapping[Selection, float]
    offers: Sequence[Offer]
    held: frozenset[Selection] = frozenset()
    staked: Decimal = Decimal(0)


@dataclass(frozen=True)
class PickRules:
    """What a pick must be. The highest price guards against errors and longshots, where models are worst."""

    minimum_edge: float = 0.03
    lowest_price: Decimal = Decimal("1.20")
    highest_price: Decimal = Decimal("10.00")
    oldest_price: timedelta = timedelta(hours=24)
    most_per_market: int = 1

    def __post_init__(self) -> None:
        if not check_price(self.lowest_price) <= check_price(self.highest_price):
            raise ValueError(f"lowest_price {self.lowest_price} is above highest_price {self.highest_price}")
        if not isfinite(self.minimum_edge):
            raise ValueError(f"minimum_edge is a share such as 0.03 for 3%, not {self.minimum_edge}")
        if self.most_per_market < 1:
            raise ValueError(f"most_per_market must be at least 1, not {self.most_per_market}")


class Refusal(StrEnum):
    """Why a selection with a price is no pick; the first that applies, in this order."""

    KICKED_OFF = "kicked_off"
    PRICE_TOO_OLD = "price_too_old"
    PRICE_OUT_OF_BOUNDS = "price_out_of_bounds"
    EDGE_TOO_SMALL = "edge_too_small"
    MARKET_TAKEN = "market_taken"
    NO_STAKE = "no_stake"


@dataclass(frozen=True)
class Pick:
    """A bet to place; `stake.amount` is positive."""

    match_id: int
    offer: Offer
    probability: float
    edge: float
    stake: Stake
    why: str


@dataclass(frozen=True)
class Declined:
    """A selection that was offered and not taken."""

    match_id: int
    offer: Offer
    probability: float
    edge: float
    refusal: Refusal
    why: str


@dataclass(frozen=True)
class Choice:
    """Both in the order in which they were decided: by kick-off, match, then the larger edge first."""

    picks: tuple[Pick, ...]
    declined: tuple[Declined, ...]


@dataclass(frozen=True)
class _Candidate:
    match: PricedMatch
    offer: Offer
    probability: float
    edge: float

    def __str__(self) -> str:
        price = format_price(self.offer.price, OddsFormat.DECIMAL)
        bet = f"{self.offer.selection} at {price} with {self.offer.bookmaker}"
        fair = f"probability {self.probability:.1%}, fair price {minimum_price(self.probability)}"
        return f"{bet}: {fair}, edge {self.edge:+.1%}"


def choose_picks(
    matches: Iterable[PricedMatch], rules: PickRules, plan: StakingPlan, exposure: Exposure, now: datetime
) -> Choice:
    """Bets to place now, the same whatever the order of matches and offers.

    Of each bookmaker its latest price known by `now` counts. All stakes are shares of one bankroll; a pick
    counts towards the caps for those after it. What is staked on a match is the match's own `staked`. Raises
    ValueError for a probability that is not between 0 and 1.
    """
    picks: list[Pick] = []
    declined: list[Declined] = []
    for match in sorted(matches, key=lambda match: (match.kickoff_at, match.match_id)):
        exposure = replace(exposure, staked_on_match=match.staked)
        held = set(match.held)
        for candidate in _candidates(match, rules, now):
            decision = _decide(candidate, rules, plan, exposure, held, now)
            if isinstance(decision, Declined):
                declined.append(decision)
                continue
            picks.append(decision)
            exposure = exposure.after(decision.stake.amount)
            held.add(decision.offer.selection)
    return Choice(tuple(picks), tuple(declined))


def _candidates(match: PricedMatch, rules: PickRules, now: datetime) -> list[_Candidate]:
    """One a selection that has a probability and a price, the larger edge first."""
    candidates = []
    for offer in best_offers(match.offers, now, rules.oldest_price):
        probability = match.probabilities.get(offer.selection)
        if probability is not None:
            candidates.append(_Candidate(match, offer, probability, edge(probability, offer.price)))
    return sorted(candidates, key=lambda candidate: (-candidate.edge, str(candidate.offer.selection)))


def _decide(
    candidate: _Candidate,
    rules: PickRules,
    plan: StakingPlan,
    exposure: Exposure,
    held: set[Selection],
    now: datetime,
) -> Pick | Declined:
    refusal = _refusal(candidate, rules, held, now)
    if refusal is not None:
        return _declined(candidate, *refusal)
    stake = size_stake(plan, candidate.probability, candidate.offer.price, exposure)
    if stake.amount == 0:
        return _declined(candidate, Refusal.NO_STAKE, stake.why)
    return Pick(
        match_id=candidate.match.match_id,
        offer=candidate.offer,
        probability=candidate.probability,
        edge=candidate.edge,
        stake=stake,
        why=f"{candidate}; {stake.why}",
    )


def _declined(candidate: _Candidate, refusal: Refusal, reason: str) -> Declined:
    return Declined(
        match_id=candidate.match.match_id,
        offer=candidate.offer,
        probability=candidate.probability,
        edge=candidate.edge,
        refusal=refusal,
        why=f"{candidate}; declined: {reason}",
    )


def _refusal(
    candidate: _Candidate, rules: PickRules, held: set[Selection], now: datetime
) -> tuple[Refusal, str] | None:
    offer, market = candidate.offer, candidate.offer.selection.market
    if candidate.match.kickoff_at <= now:
        return Refusal.KICKED_OFF, f"the match kicked off at {_moment(candidate.match.kickoff_at)}"
    if offer.is_older(rules.oldest_price, now):
        return Refusal.PRICE_TOO_OLD, f"the price is of {_moment(offer.known_at)}, which is too long ago"
    if not rules.lowest_price <= offer.price <= rules.highest_price:
        return Refusal.PRICE_OUT_OF_BOUNDS, f"only {rules.lowest_price} to {rules.highest_price} are taken"
    if candidate.edge < rules.minimum_edge:
        enough = minimum_price(candidate.probability, rules.minimum_edge)
        return Refusal.EDGE_TOO_SMALL, f"{rules.minimum_edge:.1%} needs a price of {enough}"
    same_market = [selection for selection in held if selection.market is market]
    if offer.selection in held or len(same_market) >= rules.most_per_market:
        return Refusal.MARKET_TAKEN, f"{' and '.join(sorted(map(str, same_market)))} is bet on already"
    return None


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
