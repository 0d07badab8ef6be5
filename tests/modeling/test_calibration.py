"""Calibration: what it corrects, and what it leaves alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.calibration import Calibration
from modeling.metrics import Outcomes, Probabilities, log_loss


def honest_forecasts(matches: int = 5_000) -> tuple[Probabilities, Outcomes]:
    """Probabilities, and outcomes drawn with just these."""
    random = np.random.default_rng(3)
    probabilities = random.dirichlet([4, 2.5, 3], matches)
    drawn = (random.random((matches, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, drawn.clip(0, 2)


def overconfident(probabilities: Probabilities) -> Probabilities:
    cubed = probabilities**3
    return np.asarray(cubed / cubed.sum(axis=1, keepdims=True))


def test_honest_probabilities_are_left_nearly_as_they_are() -> None:
    probabilities, outcomes = honest_forecasts()
    calibration = Calibration.fit(probabilities, outcomes)
    assert calibration.sharpness == pytest.approx(1, abs=0.08)
    assert np.abs(calibration.apply(probabilities) - probabilities).max() < 0.05


def test_overconfidence_is_undone() -> None:
    probabilities, outcomes = honest_forecasts()
    too_sure = overconfident(probabilities)
    calibration = Calibration.fit(too_sure[:4_000], outcomes[:4_000])
    assert calibration.sharpness == pytest.approx(1 / 3, abs=0.05)
    later = slice(4_000, None)
    assert log_loss(calibration.apply(too_sure[later]), outcomes[later]) == pytest.approx(
        log_loss(probabilities[later], outcomes[later]), abs=0.01
    )


def test_an_outcome_that_is_told_too_rarely_is_raised() -> None:
    probabilities, outcomes = honest_forecasts()
    few_draws = probabilities * [1, 0.5, 1]
    few_draws /= few_draws.sum(axis=1, keepdims=True)
    corrected = Calibration.fit(few_draws, outcomes).apply(few_draws)
    assert corrected[:, 1].mean() == pytest.approx((outcomes == 1).mean(), abs=0.02)


def test_a_handful_of_matches_moves_little() -> None:
    probabilities, _ = honest_forecasts(5)
    calibration = Calibration.fit(probabilities, np.zeros(5, dtype=np.int64))
    assert np.abs(calibration.apply(probabilities) - probabilities).max() < 0.1


@given(
    st.floats(0.1, 5),
    st.tuples(*[st.floats(-2, 2)] * 3),
    st.lists(st.tuples(*[st.floats(0, 1)] * 3).filter(lambda row: sum(row) > 0.1), min_size=1, max_size=5),
)
def test_what_comes_out_are_probabilities(
    sharpness: float, shifts: tuple[float, float, float], rows: list[tuple[float, float, float]]
) -> None:
    weights = np.array(rows)
    calibrated = Calibration(sharpness, shifts).apply(weights / weights.sum(axis=1, keepdims=True))
    assert np.isfinite(calibrated).all()
    assert (calibrated >= 0).all()
    assert calibrated.sum(axis=1) == pytest.approx(np.ones(len(rows)))


def test_no_calibration_changes_nothing() -> None:
    probabilities, _ = honest_forecasts(10)
    assert Calibration().apply(probabilities) == pytest.approx(probabilities)
