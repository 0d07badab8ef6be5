"""What follows from goals agrees with what is said of the result, whoever said it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.calibration import Calibration
from modeling.dixon_coles import DixonColes
from modeling.dynamic_poisson import DynamicPoisson
from modeling.elo_logit import EloLogit
from modeling.ensemble import Pool
from modeling.goals import LIKELIEST, goal_markets, mixed
from modeling.metrics import Probabilities
from modeling.model import Calibrated
from modeling.predict import Stack, predict_goals
from sports.football.scores import both_score, outcomes, over, rescaled, score_matrix
from tests.modeling.invented import WITHOUT_ODDS

PAST, LATER = WITHOUT_ODDS.part(slice(0, 500)), WITHOUT_ODDS.part(slice(500, None))
CALIBRATION = Calibration(0.9, (0.1, -0.05, -0.05))
GOALS_OF_A_SIDE = st.floats(0.0, 9.0)
WEIGHT = st.floats(0.001, 1.0)


def served(kind: type[DynamicPoisson] | type[DixonColes] | type[EloLogit]) -> Calibrated:
    return Calibrated(kind.fit(PAST), CALIBRATION)


POISSON, DIXON_COLES, ELO = served(DynamicPoisson), served(DixonColes), served(EloLogit)


@given(
    home=GOALS_OF_A_SIDE,
    away=GOALS_OF_A_SIDE,
    rho=st.floats(-0.3, 0.15),
    weights=st.tuples(WEIGHT, WEIGHT, WEIGHT),
)
def test_the_rescaled_scores_are_probabilities_with_the_outcomes_of_the_prediction(
    home: float, away: float, rho: float, weights: tuple[float, float, float]
) -> None:
    prediction = np.array([weights]) / sum(weights)
    matrix = rescaled(score_matrix(np.array([home]), np.array([away]), rho), prediction)
    assert (matrix >= 0).all()
    assert matrix.sum() == pytest.approx(1)
    assert outcomes(matrix) == pytest.approx(prediction)
    fewer = (matrix[0] * (np.add.outer(np.arange(16), np.arange(16)) < 2.5)).sum()
    assert over(matrix, 2.5)[0] + fewer == pytest.approx(1)
    nobody_or_one = matrix[0, 0, :].sum() + matrix[0, 1:, 0].sum()
    assert both_score(matrix)[0] + nobody_or_one == pytest.approx(1)


@given(home=GOALS_OF_A_SIDE, away=GOALS_OF_A_SIDE, weights=st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_the_markets_are_what_the_rescaled_scores_say(
    home: float, away: float, weights: tuple[float, float, float]
) -> None:
    prediction = np.array([weights]) / sum(weights)
    scores = score_matrix(np.array([home]), np.array([away]), -0.08)
    markets, matrix = goal_markets(scores, prediction), rescaled(scores, prediction)[0]
    [likely] = markets.likely_scores
    chances = list(likely.values())
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(matrix.max(), abs=1e-5)
    assert len(likely) == LIKELIEST
    for score, chance in likely.items():
        scored, conceded = map(int, score.split("-"))
        assert chance == pytest.approx(matrix[scored, conceded], abs=1e-5)
    assert markets.home_goals[0] == pytest.approx(sum(goals * matrix[goals].sum() for goals in range(16)))
    assert markets.away_goals[0] == pytest.approx(sum(goals * matrix[:, goals].sum() for goals in range(16)))
    assert 0 <= markets.over_2_5[0] <= 1


def test_a_model_of_goals_keeps_its_own_scores() -> None:
    own = outcomes(scores_of(POISSON))
    markets = predict_goals(POISSON, LATER, own)
    assert markets is not None
    assert markets.over_2_5 == pytest.approx(over(scores_of(POISSON), 2.5))


def test_a_model_without_goals_says_nothing_of_them() -> None:
    assert predict_goals(ELO, LATER, ELO.predict_proba(LATER)) is None


def test_a_stack_asks_its_members_that_know_of_goals_as_they_weigh() -> None:
    stack = Stack((ELO, POISSON, DIXON_COLES), Pool((0.5, 0.3, 0.1)))
    expected = 0.75 * scores_of(POISSON) + 0.25 * scores_of(DIXON_COLES)
    assert stack.scores(LATER) == pytest.approx(expected)


def test_a_stack_of_stacks_asks_the_inner_one_even_if_that_weighs_nothing() -> None:
    inner = Stack((ELO, POISSON), Pool((0.5, 0.5)))
    assert Stack((inner, ELO), Pool((0.0, 1.0))).scores(LATER) == pytest.approx(scores_of(POISSON))


def test_a_stack_without_a_model_of_goals_says_nothing_of_them() -> None:
    assert Stack((ELO, ELO), Pool((0.5, 0.5))).scores(LATER) is None


def test_a_stacks_goals_agree_with_its_prediction() -> None:
    stack = Stack((POISSON, ELO), Pool((0.6, 0.4)))
    told = stack.predict_proba(LATER)
    markets = predict_goals(stack, LATER, told)
    assert markets is not None
    favourites = told[:, 0] > 0.6
    assert (markets.home_goals[favourites] > markets.away_goals[favourites]).all()


def test_models_that_weigh_nothing_leave_the_word_to_the_first() -> None:
    first, second = scores_of(POISSON), scores_of(DIXON_COLES)
    assert (mixed([first, second], [0.0, 0.0]) == first).all()


def scores_of(model: Calibrated) -> Probabilities:
    scores = model.scores(LATER)
    assert scores is not None
    return scores
