"""Closing line value of one bet and of many."""

from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.closing_line import ClosingLine, ClosingLineValue, closing_line, closing_line_value
from betting.odds import OddsError
from betting.overround import proportional

values = st.lists(st.builds(ClosingLineValue, st.floats(-0.9, 5), st.floats(-0.9, 5)), min_size=2)


def test_a_price_above_the_close_has_value() -> None:
    value = closing_line_value(Decimal("2.10"), Decimal("2.00"), 0.48)
    assert value.raw == pytest.approx(0.05)
    assert value.fair == pytest.approx(0.008)


def test_the_close_itself_is_worth_the_margin_that_it_holds() -> None:
    closing = np.array([[2.0, 3.5, 4.0]])
    fair = float(proportional(closing)[0, 0])
    value = closing_line_value(Decimal("2.0"), Decimal("2.0"), fair)
    assert value.raw == 0
    assert value.fair == pytest.approx(1 / (1 / 2 + 1 / 3.5 + 1 / 4) - 1)


def test_of_many_bets_it_is_a_mean_with_its_error() -> None:
    line = closing_line(
        [ClosingLineValue(0.02, -0.03), ClosingLineValue(-0.04, -0.09), ClosingLineValue(0, 0)]
    )
    assert line.bets == 3
    assert line.raw == pytest.approx(-0.02 / 3)
    assert line.fair == pytest.approx(-0.04)
    assert line.raw_error == pytest.approx(np.std([0.02, -0.04, 0], ddof=1) / sqrt(3))
    assert line.fair_error == pytest.approx(np.std([-0.03, -0.09, 0], ddof=1) / sqrt(3))
    assert line.share_beating == pytest.approx(1 / 3)


def test_too_few_bets_tell_nothing() -> None:
    assert closing_line([]) == ClosingLine(0, None, None, None, None, None)
    assert closing_line([ClosingLineValue(0.02, -0.01)]) == ClosingLine(1, 0.02, None, -0.01, None, 1.0)


@given(values)
def test_the_error_shrinks_with_the_root_of_the_bets(some: list[ClosingLineValue]) -> None:
    once, four_times = closing_line(some), closing_line(some * 4)
    assert four_times.raw == pytest.approx(once.raw)
    assert once.raw_error is not None
    n = len(some)
    assert four_times.raw_error == pytest.approx(
        once.raw_error / 2 * sqrt((n - 1) * 4 / (4 * n - 1)), abs=1e-12
    )


def test_what_is_no_price_is_refused() -> None:
    with pytest.raises(OddsError):
        closing_line_value(Decimal(2), Decimal(1), 0.5)
    with pytest.raises(OddsError):
        closing_line_value(Decimal(1), Decimal(2), 0.5)
    with pytest.raises(ValueError, match="probability"):
        closing_line_value(Decimal(2), Decimal(2), 1.0)
