"""The probabilities of all scores of a match, and of everything that follows from the score.

Goals of either side are Poisson, with the correction of low scores of Dixon and Coles (1997), Applied
Statistics 46, equation 4.2. Matrices have the shape (n, 16, 16): home goals, then away goals, 0 to 15.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

MOST_GOALS = 15
# The correction of low scores that fits what attack and defence let expect, on six leagues from 2012 to 2022.
USUAL_RHO = -0.08
GOALS = np.arange(MOST_GOALS + 1)
LOG_FACTORIALS = gammaln(GOALS + 1.0)
# Below and above these the matrix would say nothing of the match any more.
FEWEST_EXPECTED, MOST_EXPECTED = 0.02, 8.0

Values = NDArray[np.float64]


def score_matrix(home: Values, away: Values, rho: float) -> Values:
    """P(score) for matches with these expected goals (n,); each matrix adds up to 1.

    `rho` below 0 makes 0-0 and 1-1 more likely than independence does. Where a match allows less of it (a
    probability would be negative), as much as it allows is used.
    """
    home, away = (np.clip(goals, FEWEST_EXPECTED, MOST_EXPECTED) for goals in (home, away))
    matrix = _poisson(home)[:, :, None] * _poisson(away)[:, None, :]
    matrix[:, :2, :2] *= low_score_factors(home, away, allowed_rho(home, away, rho))
    return np.asarray(matrix / matrix.sum(axis=(1, 2), keepdims=True))


def low_score_factors(home: Values, away: Values, rho: Values) -> Values:
    """What P(0-0), P(0-1), P(1-0) and P(1-1) are multiplied by, shape (n, 2, 2)."""
    nil_nil, one_one = 1 - home * away * rho, 1 - rho
    nil_one, one_nil = 1 + home * rho, 1 + away * rho
    return np.stack([np.stack([nil_nil, nil_one], axis=1), np.stack([one_nil, one_one], axis=1)], axis=1)


def allowed_rho(home: Values, away: Values, rho: float) -> Values:
    """The nearest to rho that gives each match no negative probability (n,)."""
    lowest = np.maximum(-1 / home, -1 / away)
    highest = np.minimum(1 / (home * away), 1.0)
    return np.asarray(np.clip(rho, lowest, highest))


def outcomes(matrix: Values) -> Values:
    """Home, draw, away (n, 3)."""
    draw = np.trace(matrix, axis1=1, axis2=2)
    home = (matrix * (GOALS[:, None] > GOALS[None, :])).sum(axis=(1, 2))
    return np.column_stack([home, draw, 1 - home - draw])


def over(matrix: Values, line: float) -> Values:
    """The chance that more goals than the line are scored (n,); a line of 2.5 cannot be met exactly."""
    return np.asarray((matrix * (GOALS[:, None] + GOALS[None, :] > line)).sum(axis=(1, 2)))


def both_score(matrix: Values) -> Values:
    """The chance that either side scores (n,)."""
    return np.asarray(matrix[:, 1:, 1:].sum(axis=(1, 2)))


def rescaled(matrix: Values, probabilities: Values) -> Values:
    """The matrix with these outcomes (n, 3); each score keeps its share of its outcome."""
    factors = probabilities / np.clip(outcomes(matrix), np.finfo(float).tiny, None)
    kind = np.sign(GOALS[None, :] - GOALS[:, None]) + 1
    return np.asarray(matrix * factors[:, kind])


def _poisson(expected: Values) -> Values:
    return np.asarray(np.exp(GOALS * np.log(expected)[:, None] - expected[:, None] - LOG_FACTORIALS))
