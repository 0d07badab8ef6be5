"""Metrics: their known values, their bounds, and that honesty is rewarded."""

from math import log
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modeling.metrics import Outcomes, Probabilities, accuracy, brier, ece, log_loss, measure, rps

CERTAIN_HOME = np.array([[1.0, 0.0, 0.0]])
HOME, DRAW, AWAY = (np.array([outcome]) for outcome in range(3))


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[Probabilities, Outcomes]:
    matches = draw(st.integers(1, 20))
    weights = draw(arrays(float, (matches, 3), elements=st.floats(0.01, 1)))
    outcomes = draw(arrays(np.int64, matches, elements=st.integers(0, 2)))
    return weights / weights.sum(axis=1, keepdims=True), outcomes


def test_a_uniform_guess_has_its_known_values() -> None:
    figures = measure(np.full((3, 3), 1 / 3), np.array([0, 1, 2]))
    assert figures.log_loss == pytest.approx(log(3))
    assert figures.brier == pytest.approx(2 / 3)
    assert figures.rps == pytest.approx((5 / 18 + 1 / 9 + 5 / 18) / 3)
    assert figures.ece == pytest.approx(0)
    assert figures.matches == 3


def test_certainty_is_perfect_or_as_bad_as_can_be() -> None:
    assert [f(CERTAIN_HOME, HOME) for f in (log_loss, brier, rps, ece)] == [0, 0, 0, 0]
    assert [f(CERTAIN_HOME, AWAY) for f in (brier, rps, ece)] == [2, 1, 1]
    assert log_loss(CERTAIN_HOME, AWAY) == pytest.approx(-log(1e-15))


def test_a_near_miss_is_less_wrong_for_the_ranked_score_only() -> None:
    assert rps(CERTAIN_HOME, DRAW) < rps(CERTAIN_HOME, AWAY)
    assert brier(CERTAIN_HOME, DRAW) == brier(CERTAIN_HOME, AWAY)


def test_accuracy_is_the_share_of_right_picks() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    assert accuracy(probabilities, np.array([0, 1])) == 0.5


def test_calibration_error_is_the_gap_of_confidence_and_hits() -> None:
    probabilities = np.tile([0.75, 0.15, 0.10], (4, 1))
    assert ece(probabilities, np.array([0, 0, 1, 2])) == pytest.approx(0.25)
    assert ece(probabilities, np.array([0, 0, 0, 2])) == pytest.approx(0)


@given(forecasts())
def test_every_figure_is_within_its_bounds(forecast: tuple[Probabilities, Outcomes]) -> None:
    figures = measure(*forecast)
    assert 0 <= figures.log_loss <= -log(1e-15)
    assert 0 <= figures.brier <= 2
    assert 0 <= figures.rps <= 1
    assert 0 <= figures.accuracy <= 1
    assert 0 <= figures.ece <= 1


@given(forecasts(), st.randoms(use_true_random=False))
def test_the_order_of_the_matches_does_not_matter(
    forecast: tuple[Probabilities, Outcomes], random: Random
) -> None:
    probabilities, outcomes = forecast
    order = list(range(len(outcomes)))
    random.shuffle(order)
    shuffled = measure(probabilities[order], outcomes[order]).as_dict()
    assert shuffled == pytest.approx(measure(probabilities, outcomes).as_dict())


@given(forecasts())
def test_home_and_away_are_mirror_images(forecast: tuple[Probabilities, Outcomes]) -> None:
    probabilities, outcomes = forecast
    for figure in (log_loss, brier, rps):
        assert figure(probabilities[:, ::-1], 2 - outcomes) == pytest.approx(figure(probabilities, outcomes))


@given(forecasts(), st.floats(0.05, 0.9))
def test_telling_the_true_frequencies_scores_best(
    forecast: tuple[Probabilities, Outcomes], doubt: float
) -> None:
    _, outcomes = forecast
    frequencies = np.bincount(outcomes, minlength=3) / len(outcomes)
    honest = np.tile(frequencies, (len(outcomes), 1))
    hedged = (1 - doubt) * honest + doubt * np.array([0.5, 0.2, 0.3])
    for figure in (log_loss, brier, rps):
        assert figure(honest, outcomes) <= figure(hedged, outcomes) + 1e-12


@pytest.mark.parametrize(
    ("probabilities", "outcomes"),
    [
        (np.full((2, 3), 1 / 3), np.array([0])),
        (np.empty((0, 3)), np.array([], dtype=int)),
        (np.full((1, 3), 0.5), np.array([0])),
        (np.array([[np.nan, 0.5, 0.5]]), np.array([0])),
        (np.array([[1.5, -0.5, 0.0]]), np.array([0])),
        (np.full((1, 3), 1 / 3), np.array([3])),
    ],
)
def test_what_is_no_forecast_is_refused(probabilities: Probabilities, outcomes: Outcomes) -> None:
    with pytest.raises(ValueError, match=r"must be|need|is 0"):
        measure(probabilities, outcomes)


def test_figures_are_plain_floats_by_name() -> None:
    figures = measure(CERTAIN_HOME, HOME).as_dict("base_rates_")
    assert set(figures) == {
        f"base_rates_{n}" for n in ("matches", "log_loss", "brier", "rps", "accuracy", "ece")
    }
    assert all(type(value) is float for value in figures.values())
