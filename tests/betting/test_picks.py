"""Picks: value at the best price of the moment, within every bound, and a reason for each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.markets import Market, Selection, selections_of
from betting.offers import Offer
from betting.picks import Choice, PickRules, PricedMatch, Refusal, choose_picks
from betting.staking import Exposure, StakeLimit, StakingPlan

NOW = datetime(2021, 8, 14, 12, tzinfo=UTC)
HOME, DRAW, AWAY = selections_of(Market.MATCH_RESULT)
OVER, UNDER = selections_of(Market.OVER_UNDER, Decimal("2.5"))
OVER_3 = Selection(Market.OVER_UNDER, "over", Decimal(3))
FLAT = StakingPlan(flat_stake=Decimal(10))
EXPOSURE = Exposure(Decimal(1000))


def offer(selection: Selection, price: str, bookmaker: str = "Bet365", minutes_ago: float = 5) -> Offer:
    return Offer(bookmaker, selection, Decimal(price), NOW - timedelta(minutes=minutes_ago))


def match(probabilities: dict[Selection, float], *offers: Offer, number: int = 1) -> PricedMatch:
    return PricedMatch(number, NOW + timedelta(hours=3), probabilities, offers)


def choose(
    *matches: PricedMatch,
    rules: PickRules = PickRules(),  # noqa: B008
    plan: StakingPlan = FLAT,
    exposure: Exposure = EXPOSURE,
) -> Choice:
    return choose_picks(matches, rules, plan, exposure, NOW)


def test_a_pick_says_why_with_its_figures() -> None:
    (pick,) = choose(match({HOME: 0.42}, offer(HOME, "2.5")), plan=StakingPlan()).picks
    assert (pick.match_id, pick.offer, pick.probability) == (1, offer(HOME, "2.5"), 0.42)
    assert pick.edge == pytest.approx(0.05)
    assert pick.stake.amount == Decimal("8.33")
    assert pick.why == (
        "home win at 2.50 with Bet365: probability 42.0%, fair price 2.39, edge +5.0%; "
        "0.25 of Kelly's 3.3% of 1000.00 is 8.33, below every cap"
    )


def test_the_best_price_that_can_be_had_now_is_taken() -> None:
    future, gone = offer(HOME, "9.00", minutes_ago=-1), offer(HOME, "3.00", "A", minutes_ago=60)
    offers = [offer(HOME, "2.40", "A"), offer(HOME, "2.60", "B"), future, gone]
    (pick,) = choose(match({HOME: 0.45}, *offers)).picks
    assert pick.offer == offer(HOME, "2.60", "B")
    assert choose(match({HOME: 0.45}, future)) == Choice((), ())


def test_what_nobody_offers_or_no_model_knows_is_neither_picked_nor_declined() -> None:
    assert choose(match({HOME: 0.45}, offer(AWAY, "5.00")), match({HOME: 0.45})) == Choice((), ())


@pytest.mark.parametrize(
    ("changed", "price", "refusal", "reason"),
    [
        ({"kickoff_at": NOW}, "2.50", Refusal.KICKED_OFF, "the match kicked off at 2021-08-14 12:00 UTC"),
        ({}, "1.19", Refusal.PRICE_OUT_OF_BOUNDS, "only 1.20 to 10.00 are taken"),
        ({}, "10.50", Refusal.PRICE_OUT_OF_BOUNDS, "only 1.20 to 10.00 are taken"),
        ({}, "2.28", Refusal.EDGE_TOO_SMALL, "3.0% needs a price of 2.29"),
        ({}, "2.00", Refusal.EDGE_TOO_SMALL, "3.0% needs a price of 2.29"),
        ({"held": frozenset({AWAY})}, "2.50", Refusal.MARKET_TAKEN, "away win is bet on already"),
        ({"held": frozenset({HOME})}, "2.50", Refusal.MARKET_TAKEN, "home win is bet on already"),
        (
            {"staked": Decimal(30)},
            "2.50",
            Refusal.NO_STAKE,
            "flat stake of 10.00, cut to 0.00 by the cap of 3% a match, less than the smallest stake of 1.00",
        ),
    ],
)
def test_what_is_declined_says_why(
    changed: dict[str, Any], price: str, refusal: Refusal, reason: str
) -> None:
    choice = choose(replace(match({HOME: 0.45}, offer(HOME, price)), **changed))
    assert choice.picks == ()
    (declined,) = choice.declined
    assert declined.refusal == refusal
    assert declined.why.startswith(
        f"home win at {price} with Bet365: probability 45.0%, fair price 2.23, edge "
    )
    assert declined.why.endswith(f"%; declined: {reason}")


def test_a_price_that_is_too_old_is_taken_from_nobody() -> None:
    old, fresh = offer(HOME, "3.00", "A", minutes_ago=24 * 60 + 1), offer(HOME, "2.50", "B")
    (declined,) = choose(match({HOME: 0.45}, old)).declined
    assert declined.refusal == Refusal.PRICE_TOO_OLD
    assert declined.why.endswith("the price is of 2021-08-13 11:59 UTC, which is too long ago")
    assert [pick.offer for pick in choose(match({HOME: 0.45}, old, fresh)).picks] == [fresh]


def test_the_edge_that_is_asked_for_is_enough() -> None:
    exact = match({HOME: 0.5}, offer(HOME, "2.50"))
    assert len(choose(exact, rules=PickRules(minimum_edge=0.25)).picks) == 1
    assert len(choose(exact, rules=PickRules(minimum_edge=0.2500001)).picks) == 0


def test_of_a_market_the_largest_edge_is_picked_whatever_its_line() -> None:
    both = match({OVER: 0.55, OVER_3: 0.40}, offer(OVER, "1.95"), offer(OVER_3, "3.00"), offer(HOME, "2.00"))
    choice = choose(both)
    assert [pick.offer.selection for pick in choice.picks] == [OVER_3]
    assert [(one.offer.selection, one.refusal) for one in choice.declined] == [(OVER, Refusal.MARKET_TAKEN)]
    assert choice.declined[0].why.endswith("declined: over 3 is bet on already")


def test_other_markets_and_other_matches_are_picked_beside_it() -> None:
    one = match({HOME: 0.45, OVER: 0.55}, offer(HOME, "2.50"), offer(OVER, "1.95"))
    choice = choose(one, replace(one, match_id=2))
    assert [(pick.match_id, pick.offer.selection) for pick in choice.picks] == [
        (1, HOME),
        (1, OVER),
        (2, HOME),
        (2, OVER),
    ]


def test_more_of_a_market_are_picked_where_the_rules_say_so_but_none_twice() -> None:
    both = match({OVER: 0.55, OVER_3: 0.40}, offer(OVER, "1.95"), offer(OVER_3, "3.00"))
    rules = PickRules(most_per_market=2)
    assert len(choose(both, rules=rules).picks) == 2
    held = choose(replace(both, held=frozenset({OVER_3})), rules=rules)
    assert [pick.offer.selection for pick in held.picks] == [OVER]


def test_what_is_picked_counts_towards_the_caps_of_what_follows() -> None:
    matches = [
        match({HOME: 0.6, OVER: 0.7}, offer(HOME, "2.50"), offer(OVER, "2.00"), number=number)
        for number in range(1, 6)
    ]
    choice = choose(*matches, plan=StakingPlan())
    assert [pick.stake.amount for pick in choice.picks] == [20, 10, 20, 10, 20, 10, 10]
    assert [pick.stake.limit for pick in choice.picks] == [
        *[StakeLimit.BET_CAP, StakeLimit.MATCH_CAP] * 3,
        StakeLimit.DAY_CAP,
    ]
    assert {one.refusal for one in choice.declined} == {Refusal.NO_STAKE}


def test_earlier_matches_come_first() -> None:
    late, early = match({HOME: 0.45}, offer(HOME, "2.50"), number=1), match({HOME: 0.45}, offer(HOME, "2.50"))
    early = replace(early, match_id=2, kickoff_at=NOW + timedelta(hours=1))
    assert [pick.match_id for pick in choose(late, early).picks] == [2, 1]


@st.composite
def rounds(draw: st.DrawFn) -> list[PricedMatch]:
    """A few matches with offers of every kind, old, future and bad ones among them."""
    selections = [HOME, DRAW, AWAY, OVER, UNDER, OVER_3]
    offers = st.builds(
        offer,
        st.sampled_from(selections),
        st.decimals("1.05", "15", places=2).map(str),
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from([-30, 0, 10, 60, 2_000]),
    )
    chances = st.dictionaries(st.sampled_from(selections), st.floats(0.01, 0.99))
    return [
        PricedMatch(
            match_id=number,
            kickoff_at=NOW + timedelta(hours=draw(st.integers(-1, 3))),
            probabilities=draw(chances),
            offers=draw(st.lists(offers, max_size=8)),
            held=draw(st.frozensets(st.sampled_from(selections), max_size=1)),
            staked=draw(st.decimals("0", "40", places=2)),
        )
        for number in range(draw(st.integers(0, 3)))
    ]


plans = st.sampled_from([FLAT, StakingPlan(), StakingPlan(day_cap=Decimal("0.03"))])


@given(rounds(), plans, st.randoms(use_true_random=False))
def test_the_order_of_matches_and_offers_does_not_matter(
    matches: list[PricedMatch], plan: StakingPlan, random: Random
) -> None:
    shuffled = [
        replace(one, offers=random.sample(one.offers, len(one.offers)))
        for one in random.sample(matches, len(matches))
    ]
    assert choose(*shuffled, plan=plan) == choose(*matches, plan=plan)


@given(rounds(), plans)
def test_picks_keep_every_rule_and_cap(matches: list[PricedMatch], plan: StakingPlan) -> None:
    choice = choose(*matches, plan=plan)
    by_number = {one.match_id: one for one in matches}
    markets = [(pick.match_id, pick.offer.selection.market) for pick in choice.picks]
    held = [(one.match_id, selection.market) for one in matches for selection in one.held]
    assert len(set(markets)) == len(markets)
    assert not set(markets) & set(held)
    assert sum(pick.stake.amount for pick in choice.picks) <= plan.day_cap * EXPOSURE.bankroll
    for pick in choice.picks:
        assert by_number[pick.match_id].kickoff_at > NOW
        assert timedelta(0) <= NOW - pick.offer.known_at <= timedelta(hours=24)
        assert Decimal("1.20") <= pick.offer.price <= 10
        assert pick.edge >= 0.03
        assert pick.stake.amount >= plan.smallest_stake
    for number, one in by_number.items():
        staked = sum(pick.stake.amount for pick in choice.picks if pick.match_id == number)
        assert staked == 0 or one.staked + staked <= plan.match_cap * EXPOSURE.bankroll


@given(rounds(), plans)
def test_every_known_price_of_a_known_selection_is_decided_once(
    matches: list[PricedMatch], plan: StakingPlan
) -> None:
    choice = choose(*matches, plan=plan)
    decided = [(pick.match_id, pick.offer.selection) for pick in choice.picks]
    decided += [(declined.match_id, declined.offer.selection) for declined in choice.declined]
    known = {
        (one.match_id, offered.selection)
        for one in matches
        for offered in one.offers
        if offered.known_at <= NOW and offered.selection in one.probabilities
    }
    assert len(decided) == len(set(decided))
    assert set(decided) == known


@given(rounds(), plans)
def test_picking_again_with_the_picks_held_picks_nothing_of_their_markets(
    matches: list[PricedMatch], plan: StakingPlan
) -> None:
    first = choose(*matches, plan=plan).picks
    again = [
        replace(
            one, held=one.held | {pick.offer.selection for pick in first if pick.match_id == one.match_id}
        )
        for one in matches
    ]
    taken = {(pick.match_id, pick.offer.selection.market) for pick in first}
    second = choose(*again, plan=plan).picks
    assert not taken & {(pick.match_id, pick.offer.selection.market) for pick in second}


def test_a_probability_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no probability to bet on"):
        choose(match({HOME: 1.2}, offer(HOME, "2.50")))


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ({"lowest_price": Decimal(3), "highest_price": Decimal(2)}, "is above highest_price"),
        ({"most_per_market": 0}, "at least 1"),
        ({"minimum_edge": float("nan")}, "0.03 for 3%"),
    ],
)
def test_rules_that_allow_nothing_are_refused(rules: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        PickRules(**rules)
