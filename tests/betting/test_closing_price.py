"""The closing price is the bookmaker's own, else the market's; what the market thought has no margin."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from betting.closing_price import ClosingPrice, Quote, Taken, closing_prices
from betting.markets import Market
from betting.overround import power

KICKOFF = datetime(2021, 8, 14, 14, tzinfo=UTC)
PLACED = KICKOFF - timedelta(days=1)


def quote(bookmaker: str, prices: str, is_closing: bool = True, before: timedelta = timedelta(0)) -> Quote:
    written = [None if price == "-" else Decimal(price) for price in prices.split()]
    return Quote(bookmaker, is_closing, KICKOFF - before, tuple(written))


def closing(*quotes: Quote, market: Market = Market.MATCH_RESULT, name: str = "home") -> ClosingPrice | None:
    [found] = closing_prices([Taken(market, name, "bet365", PLACED, KICKOFF, quotes)])
    return found


def price(*quotes: Quote) -> str | None:
    found = closing(*quotes)
    return None if found is None else str(found.price)


def test_the_price_of_the_same_bookmaker_comes_first() -> None:
    assert price(quote("average", "2.0 3.4 4.0"), quote("bet365", "2.1 3.3 3.9")) == "2.1"


def test_without_it_the_average_counts_and_the_maximum_never() -> None:
    assert (
        price(quote("maximum", "2.3 3.6 4.4"), quote("average", "2.0 3.4 4.0"), quote("x", "9 9 9")) == "2.0"
    )
    assert price(quote("maximum", "2.3 3.6 4.4")) is None


def test_without_an_average_the_middle_of_the_bookmakers_counts() -> None:
    quotes = [quote(name, f"{home} 3.4 4.0") for name, home in (("a", "2.0"), ("b", "2.2"), ("c", "1.01"))]
    assert price(*quotes) == "2.000"
    assert price(*quotes[:2]) == "2.100"


def test_the_probability_is_of_the_market_and_not_of_the_bookmaker() -> None:
    found = closing(quote("average", "2.0 3.4 4.0"), quote("bet365", "2.1 3.3 3.9"))
    assert found is not None
    assert found.probability == pytest.approx(power(np.array([[2.0, 3.4, 4.0]]))[0, 0])


def test_the_selection_is_the_one_that_was_bet_on() -> None:
    found = closing(quote("average", "1.8 2.05"), market=Market.OVER_UNDER, name="under")
    assert found is not None
    assert found.price == Decimal("2.05")
    assert found.probability == pytest.approx(power(np.array([[1.8, 2.05]]))[0, 1])


def test_a_line_with_a_gap_tells_no_probability() -> None:
    assert price(quote("average", "2.0 - 4.0")) is None
    assert price(quote("average", "2.0 3.4 4.0"), quote("bet365", "- 3.3 3.9")) == "2.0"


@pytest.mark.parametrize(
    ("before", "counts"),
    [
        (timedelta(0), True),
        (timedelta(hours=5), True),
        (timedelta(hours=6), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_without_a_close_the_last_price_shortly_before_the_match_counts(
    before: timedelta, counts: bool
) -> None:
    assert price(quote("bet365", "2.1 3.3 3.9", False, before)) == ("2.1" if counts else None)


def test_the_price_that_was_taken_is_not_its_own_close() -> None:
    quoted = quote("bet365", "2.1 3.3 3.9", False, timedelta(hours=1))
    taken = Taken(Market.MATCH_RESULT, "home", "bet365", quoted.known_at, KICKOFF, [quoted])
    assert closing_prices([taken]) == [None]


def test_the_latest_price_of_a_bookmaker_counts() -> None:
    assert (
        price(*(quote("bet365", f"{3 - hours} 3 3", False, timedelta(hours=hours)) for hours in (0.5, 1)))
        == "2.5"
    )
    assert price(quote("bet365", "2.1 3.3 3.9"), quote("bet365", "9 9 9", False)) == "2.1"


def test_many_prices_are_closed_at_once() -> None:
    three, two = quote("average", "2.0 3.4 4.0"), quote("average", "1.8 2.05")
    bets = [
        Taken(Market.MATCH_RESULT, "away", "x", PLACED, KICKOFF, [three]),
        Taken(Market.CORRECT_SCORE, "2-1", "x", PLACED, KICKOFF, []),
        Taken(Market.OVER_UNDER, "over", "x", PLACED, KICKOFF, [two]),
    ]
    assert [found and str(found.price) for found in closing_prices(bets)] == ["4.0", None, "1.8"]
    assert closing_prices([]) == []
