"""The margin removed: as the papers say, as penaltyblog does, on every row, and all rows at once."""

import csv
from collections.abc import Callable
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from penaltyblog.implied import calculate_implied

from betting.odds import OddsError
from betting.overround import Floats, median_prices, overround, power, proportional, shin
from tests.sports.league import SHARED, needs_shared_data

Method = Callable[[Floats], Floats]
THEIR_NAMES: dict[Method, str] = {proportional: "multiplicative", power: "power", shin: "shin"}
METHODS = list(THEIR_NAMES)

each_method = pytest.mark.parametrize("method", METHODS)


def markets(rows: int, selections: int, margin: tuple[float, float] = (0.01, 0.3), seed: int = 3) -> Floats:
    """Odds of invented markets, longshots among them, with a margin in that range."""
    random = np.random.default_rng(seed)
    fair = 0.97 * random.dirichlet(np.ones(selections), rows) + 0.03 / selections
    inverse = fair * (1 + random.uniform(*margin, (rows, 1)))
    return np.asarray(1 / np.minimum(inverse, 0.99))


@st.composite
def any_odds(draw: st.DrawFn) -> Floats:
    shape = draw(st.tuples(st.integers(1, 5), st.integers(2, 9)))
    return draw(arrays(np.float64, shape, elements=st.floats(1.0001, 5_000)))


def their(method: Method, odds: Floats) -> Floats:
    rows = [calculate_implied(row.tolist(), THEIR_NAMES[method]).probabilities for row in odds]
    return np.array(rows)


def test_the_overround_is_the_booksum_above_one() -> None:
    assert overround(np.array([[1.9, 1.9], [2.0, 2.0], [2.1, 2.1]])) == pytest.approx(
        [2 / 1.9 - 1, 0, 2 / 2.1 - 1]
    )


def test_shin_gives_the_published_example() -> None:
    expected = [0.37299406033208965, 0.4047794109200184, 0.2222265287474275]
    assert shin(np.array([[2.6, 2.4, 4.3]]))[0] == pytest.approx(expected, abs=1e-10)


def test_shin_of_two_selections_takes_the_same_from_both() -> None:
    odds = np.array([[1.2, 4.5]])
    assert shin(odds)[0] == pytest.approx(1 / odds[0] - overround(odds) / 2)


def test_power_raises_all_inverse_prices_to_one_power() -> None:
    odds = markets(50, 4)
    exponents = np.log(power(odds)) / -np.log(odds)
    assert exponents == pytest.approx(np.repeat(exponents[:, :1], 4, axis=1))
    assert (exponents > 1).all()


@each_method
@pytest.mark.parametrize("selections", [2, 3, 5, 14])
def test_probabilities_are_those_of_penaltyblog(method: Method, selections: int) -> None:
    odds = markets(400, selections)
    odds = odds[overround(odds) > 1e-6]
    assert len(odds) > 380
    assert method(odds) == pytest.approx(their(method, odds), abs=1e-6)


@needs_shared_data
@each_method
def test_probabilities_of_real_odds_are_those_of_penaltyblog(method: Method) -> None:
    odds = real_odds()
    assert len(odds) > 1_000
    assert method(odds) == pytest.approx(their(method, odds), abs=1e-6)


def real_odds() -> Floats:
    """Opening odds of 2021-22 with a margin."""
    columns = ("AvgH", "AvgD", "AvgA")
    rows = []
    for path in sorted((SHARED / "data" / "football").glob("*_2122.csv")):
        with path.open(encoding="utf-8") as file:
            rows += [[float(row[name]) for name in columns] for row in csv.DictReader(file) if row["AvgH"]]
    odds = np.array(rows)
    return odds[overround(odds) > 1e-6]


@each_method
@given(any_odds())
def test_every_row_becomes_probabilities_in_the_order_of_its_prices(method: Method, odds: Floats) -> None:
    probabilities = method(odds)
    assert probabilities.shape == odds.shape
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(odds)), abs=1e-12)
    assert (probabilities >= 0).all()
    by_price = np.take_along_axis(probabilities, np.argsort(odds, axis=1), axis=1)
    assert (np.diff(by_price, axis=1) <= 1e-12).all()


@each_method
@given(any_odds())
def test_a_row_does_not_depend_on_the_others(method: Method, odds: Floats) -> None:
    assert method(odds)[-1] == pytest.approx(method(odds[-1:])[0], abs=1e-14)


@pytest.mark.parametrize("method", [power, shin])
def test_longshots_lose_more_than_favourites(method: Method) -> None:
    odds = markets(200, 3, margin=(0.05, 0.1))
    kept = method(odds) * odds
    row = np.arange(len(odds))
    assert (kept[row, odds.argmin(axis=1)] > kept[row, odds.argmax(axis=1)]).all()


@each_method
def test_without_a_margin_a_row_is_divided_by_its_sum(method: Method) -> None:
    odds = np.array([[2.1, 3.6, 4.5], [6.0, 8.0, 12.0], [2.0, 4.0, 4.0]])
    assert overround(odds) == pytest.approx([-0.02, -0.62, 0], abs=0.01)
    assert method(odds) == pytest.approx(proportional(odds), abs=1e-14)


@each_method
def test_prices_at_the_edge_of_what_can_be_are_solved(method: Method) -> None:
    odds = np.array([[1.0001, 5.0, 5.0], [1 + 1e-9] * 3, [1.01, 1.01, 1000.0], [1e12, 1e12, 1.5]])
    assert method(odds).sum(axis=1) == pytest.approx(np.ones(4))


@pytest.mark.parametrize("function", [overround, *METHODS])
@pytest.mark.parametrize("wrong", [1.0, 0.5, 0.0, -2.0, np.nan, np.inf])
def test_a_price_that_is_none_is_refused_with_its_row(function: Method, wrong: float) -> None:
    with pytest.raises(OddsError, match=r"row 1 has odds .*leave out"):
        function(np.array([[2.0, 2.0], [2.0, wrong], [2.0, 2.0]]))


@each_method
@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 0), (2, 2, 2)])
def test_what_is_no_table_of_markets_is_refused(method: Method, shape: tuple[int, ...]) -> None:
    with pytest.raises(OddsError, match="one row a market"):
        method(np.full(shape, 2.0))


@each_method
def test_no_markets_have_no_probabilities(method: Method) -> None:
    assert method(np.empty((0, 3))).shape == (0, 3)


@each_method
def test_27000_markets_take_well_under_a_second(method: Method) -> None:
    odds = markets(27_000, 3)
    start = process_time()
    method(odds)
    assert process_time() - start < 1


def test_the_price_in_the_middle_is_not_spoiled_by_wrong_ones() -> None:
    home_favourite = [1.5, 4.2, 7.0]
    swapped, exchange = [7.0, 4.2, 1.5], [1.01, 4.1, 6.8]
    prices = np.array([[home_favourite, home_favourite, home_favourite, swapped, exchange]])
    assert median_prices(prices).tolist() == [home_favourite]


def test_of_an_even_number_of_bookmakers_the_middle_two_are_averaged() -> None:
    prices = np.array([[[2.0, 1.8], [2.1, 1.7], [2.2, 1.6], [9.0, 1.1]]])
    assert median_prices(prices)[0] == pytest.approx([2.15, 1.65])


@pytest.mark.parametrize("missing", [np.nan, 1.0, 0.0, -1.0, np.inf])
def test_a_bookmaker_counts_only_where_it_prices_everything(missing: float) -> None:
    complete = [[2.0, 1.8], [2.1, 1.7], [2.2, 1.6]]
    prices = np.array([[*complete, [50.0, missing]]])
    assert median_prices(prices).tolist() == [[2.1, 1.7]]


def test_a_market_of_too_few_bookmakers_has_no_price() -> None:
    nobody = [np.nan, np.nan]
    prices = np.array([[[2.0, 1.8], [2.1, 1.7], nobody], [[2.0, 1.8], [2.1, 1.7], [2.2, 1.6]], [nobody] * 3])
    assert np.isnan(median_prices(prices)).all(axis=1).tolist() == [True, False, True]
    assert np.isnan(median_prices(prices, fewest=2)).all(axis=1).tolist() == [False, False, True]
    assert np.isnan(median_prices(prices, fewest=0)).all(axis=1).tolist() == [False, False, True]


def test_without_bookmakers_there_is_no_price() -> None:
    assert np.isnan(median_prices(np.empty((2, 0, 3)))).all()
