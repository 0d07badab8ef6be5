"""Served predictions are judged by what was promised and by what calibration is possible on so few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.live import FEWEST_MATCHES, Live, Promise, ece_limit, live
from modeling.metrics import Outcomes, Probabilities, ece, log_loss

HOME_WINS, DRAWS, AWAY_WINS = (2, 0), (1, 1), (0, 1)
GOALS = (HOME_WINS, DRAWS, AWAY_WINS)


def honest(matches: int, seed: int = 1) -> tuple[Probabilities, Outcomes]:
    """Probabilities of made-up matches, and results that come of them."""
    random = np.random.default_rng(seed)
    told = random.dirichlet([4.5, 2.6, 3.0], matches)
    happened = (random.random(matches)[:, None] > told.cumsum(axis=1)).sum(axis=1)
    return told, np.minimum(happened, 2)


def judged(told: Probabilities, outcomes: Outcomes, promise: Promise | None = None) -> Live:
    goals = [GOALS[outcome] for outcome in outcomes]
    return live(told.tolist(), goals, [None] * len(goals), promise)


def promised(log_loss: float, matches: int = 1_000) -> Promise:
    return Promise(log_loss, matches)


def test_without_matches_nothing_is_said() -> None:
    found = live([], [], [], promised(1.0))
    assert (found.metrics, found.drifted, found.says) == (None, False, "no predicted match has a result")


def test_figures_are_those_of_the_matches() -> None:
    found = live([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]], [HOME_WINS, DRAWS], [None, [0.3, 0.4, 0.3]], None)
    assert found.metrics is not None
    assert found.metrics.log_loss == pytest.approx(-(np.log(0.5) + np.log(0.3)) / 2)
    assert found.metrics.accuracy == 0.5
    assert found.market_matches == 1
    assert found.market == pytest.approx(-np.log(0.4))
    assert found.beside_market == pytest.approx(-np.log(0.3))


def test_what_keeps_its_promise_has_not_drifted() -> None:
    told, outcomes = honest(400)
    found = judged(told, outcomes, promised(log_loss(told, outcomes) - 0.01))
    assert not found.drifted
    assert "as validation let expect" in found.says


def test_log_loss_far_above_the_promise_is_a_drift_with_its_reason() -> None:
    told, outcomes = honest(400)
    found = judged(told, outcomes, promised(log_loss(told, outcomes) - 0.2))
    assert found.drifted
    assert found.says.startswith("log loss ")
    assert "0.2000 above the" in found.says


def test_a_promise_measured_on_few_matches_binds_less() -> None:
    told, outcomes = honest(400)
    loss = log_loss(told, outcomes) - 0.06
    assert judged(told, outcomes, promised(loss, 100_000)).drifted
    assert not judged(told, outcomes, promised(loss, 200)).drifted


def test_few_matches_raise_no_alarm() -> None:
    told, outcomes = honest(FEWEST_MATCHES - 1)
    found = judged(told, outcomes, promised(0.1))
    assert not found.drifted
    assert "too few to judge" in found.says


def test_overconfidence_is_a_drift_even_where_nothing_was_promised() -> None:
    told, outcomes = honest(900)
    sharpened = told**3 / (told**3).sum(axis=1, keepdims=True)
    assert not judged(told, outcomes).drifted
    found = judged(sharpened, outcomes)
    assert found.drifted
    assert "calibration error" in found.says


@pytest.mark.parametrize("matches", [100, 900])
def test_a_well_calibrated_model_hardly_exceeds_the_limit(matches: int) -> None:
    samples = [honest(matches, seed) for seed in range(300)]
    above = [ece(told, outcomes) > ece_limit(told) for told, outcomes in samples]
    assert np.mean(above) < 0.02


@given(st.integers(2, 60), st.integers(0, 1_000))
def test_every_sample_has_a_sound_limit(matches: int, seed: int) -> None:
    told, _ = honest(matches, seed)
    assert 0 < ece_limit(told) < 3
