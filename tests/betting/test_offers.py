"""Of all that bookmakers ever offered, the best that can be had now."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.markets import Market, selections_of
from betting.odds import OddsError
from betting.offers import Offer, best_offers

NOW = datetime(2021, 8, 14, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
HOME, DRAW, AWAY = selections_of(Market.MATCH_RESULT)

offers = st.builds(
    Offer,
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([HOME, DRAW, AWAY]),
    st.decimals("1.05", "15", places=1),
    st.sampled_from([-30, 0, 10, 1_440, 2_000]).map(lambda minutes: NOW - timedelta(minutes=minutes)),
)


def offer(price: str, bookmaker: str = "A", minutes_ago: float = 5) -> Offer:
    return Offer(bookmaker, HOME, Decimal(price), NOW - timedelta(minutes=minutes_ago))


def best(*offers: Offer) -> Offer:
    (only,) = best_offers(offers, NOW, A_DAY)
    return only


def test_the_best_price_is_taken_and_of_equal_ones_the_first_by_name() -> None:
    assert best(offer("2.40", "A"), offer("2.60", "C"), offer("2.60", "B")) == offer("2.60", "B")


def test_only_the_latest_price_of_a_bookmaker_can_be_had() -> None:
    assert best(offer("3.00", minutes_ago=60), offer("2.50", minutes_ago=1)).price == Decimal("2.50")


def test_of_two_prices_of_one_moment_the_lower_can_be_had() -> None:
    assert best(offer("2.60"), offer("2.50")) == best(offer("2.50"), offer("2.60")) == offer("2.50")


def test_a_price_of_the_future_is_not_known() -> None:
    future = offer("9.00", minutes_ago=-1)
    assert best_offers([future], NOW, A_DAY) == []
    assert best(offer("2.50"), future) == offer("2.50")


def test_an_old_price_counts_only_where_there_is_no_other() -> None:
    old, fresh = offer("3.00", "A", minutes_ago=24 * 60 + 1), offer("2.50", "B", minutes_ago=24 * 60)
    assert best(old, fresh) == fresh
    assert best(old) == old
    assert (old.is_older(A_DAY, NOW), fresh.is_older(A_DAY, NOW)) == (True, False)


@given(st.lists(offers, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_offers_does_not_matter(some: list[Offer], random: Random) -> None:
    shuffled = random.sample(some, len(some))
    assert set(best_offers(shuffled, NOW, A_DAY)) == set(best_offers(some, NOW, A_DAY))


@given(st.lists(offers, max_size=12))
def test_every_selection_that_has_a_known_price_has_one_best(some: list[Offer]) -> None:
    found = [one.selection for one in best_offers(some, NOW, A_DAY)]
    assert len(found) == len(set(found))
    assert set(found) == {one.selection for one in some if one.known_at <= NOW}


def test_an_offer_has_a_price() -> None:
    with pytest.raises(OddsError):
        offer("1.00")
