"""Value: what a bet should win, and from which price on."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.odds import OddsError
from betting.value import edge, minimum_price

PROBABILITIES = st.floats(1e-12, 1, exclude_max=True)


def test_the_edge_is_what_one_unit_should_win() -> None:
    assert edge(0.5, Decimal("2.10")) == pytest.approx(0.05)
    assert edge(0.5, Decimal(2)) == 0
    assert edge(0.25, Decimal("3.60")) == pytest.approx(-0.1)


def test_the_fair_price_is_the_inverse_probability_rounded_up() -> None:
    assert minimum_price(0.5) == Decimal(2)
    assert minimum_price(0.3) == Decimal("3.34")
    assert minimum_price(0.5, 0.03) == Decimal("2.06")


@pytest.mark.parametrize(
    ("probability", "minimum_edge", "lowest"), [(0.5, 0.1, "2.20"), (0.7, 0.4, "2.00"), (0.3, 0.2, "4.00")]
)
def test_numbers_count_as_they_are_written(probability: float, minimum_edge: float, lowest: str) -> None:
    assert minimum_price(probability, minimum_edge) == Decimal(lowest)
    assert edge(probability, Decimal(lowest)) == minimum_edge
    assert edge(np.float64(probability), Decimal(lowest)) == minimum_edge


@given(PROBABILITIES, st.floats(-0.5, 2))
def test_the_minimum_price_is_the_lowest_with_that_edge(probability: float, minimum_edge: float) -> None:
    lowest = minimum_price(probability, minimum_edge)
    below = lowest - Decimal("0.01")
    if lowest > 1:
        assert edge(probability, lowest) >= minimum_edge
    if below > 1:
        assert edge(probability, below) <= minimum_edge


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 1.1, float("nan"), float("inf")])
def test_what_is_certain_or_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="no probability to bet on"):
        edge(probability, Decimal(2))
    with pytest.raises(ValueError, match="no probability to bet on"):
        minimum_price(probability)


def test_what_is_no_price_is_refused() -> None:
    with pytest.raises(OddsError):
        edge(0.5, Decimal(1))
