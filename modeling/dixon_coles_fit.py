"""Fits Dixon and Coles' model to one league by Fisher scoring with analytic gradients."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sports.football.goal_design import goal_design
from sports.football.scores import allowed_rho, low_score_factors

# A match loses half of its weight in a year: the best of 0.001 to 0.004 on six leagues from 2016 to 2021.
DECAY_PER_DAY = 0.0019
# Attack and defence are drawn to the usual ones as if by so many goals; those of a club that joined the
# league within the matches of the fit, or is not among them, to those of a promoted one.
PRIOR_GOALS = 6.0
PROMOTED = -0.15
JOINED_AFTER_DAYS = 200
RHO_BOUNDS, RHO_PRIOR_MATCHES = (-0.25, 0.15), 20.0
MOST_STEPS, MOST_HALVINGS, SMALL = 50, 20, 1e-6
SECONDS_IN_A_DAY = 86_400.0

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class LeagueFit:
    """ln(goals) = level +- advantage/2 + attack - defence of the opponent; `clubs` has attack and defence."""

    level: float
    advantage: float
    rho: float
    clubs: Mapping[str, tuple[float, float]]

    def goals(self, home: NDArray[np.object_], away: NDArray[np.object_]) -> tuple[Values, Values]:
        """The goals expected of either side of matches between these clubs (n,)."""
        unseen = (PROMOTED, PROMOTED)
        home_attack, home_defence = np.array([self.clubs.get(club, unseen) for club in home]).reshape(-1, 2).T
        away_attack, away_defence = np.array([self.clubs.get(club, unseen) for club in away]).reshape(-1, 2).T
        return (
            np.exp(self.level + self.advantage / 2 + home_attack - away_defence),
            np.exp(self.level - self.advantage / 2 + away_attack - home_defence),
        )


@dataclass(frozen=True)
class Problem:
    """The matches of a fit: who met whom, the score, the weight; and where each parameter is drawn to.

    The parameters are level, advantage, attacks, defences and rho, in this order.
    """

    design: Values
    goals: Values
    weights: Values
    centre: Values
    pull: Values

    @classmethod
    def of(cls, matches: pd.DataFrame) -> tuple["Problem", list[str]]:
        """With the clubs in the order of their parameters."""
        clubs, sides = np.unique(matches[["home_team", "away_team"]].to_numpy(str), return_inverse=True)
        home, away = sides.reshape(-1, 2).T
        days = (matches["kickoff_at"] - matches["kickoff_at"].min()).dt.total_seconds() / SECONDS_IN_A_DAY
        day = days.to_numpy()
        first = np.full(len(clubs), np.inf)
        np.minimum.at(first, np.concatenate([home, away]), np.concatenate([day, day]))
        drawn_to = np.where(first > JOINED_AFTER_DAYS, PROMOTED, 0.0)
        count = len(clubs)
        problem = cls(
            design=goal_design(home, away, count),
            goals=matches[["home_goals", "away_goals"]].to_numpy(dtype=np.float64).T.copy(),
            weights=np.exp(-DECAY_PER_DAY * (day.max() - day)),
            centre=np.concatenate([[0.0, 0.0], drawn_to, drawn_to, [0.0]]),
            pull=np.concatenate([[0.0, 0.0], np.full(2 * count, PRIOR_GOALS), [RHO_PRIOR_MATCHES]]),
        )
        return problem, clubs.tolist()

    def expected(self, x: Values) -> Values:
        """Goals of home and away, shape (2, n)."""
        return np.asarray(np.exp(self.design @ x[:-1]).reshape(2, -1))

    def loss(self, x: Values) -> float:
        """Minus the weighted log likelihood, with the pull."""
        expected = self.expected(x)
        likelihood = (self.goals * np.log(expected) - expected).sum(axis=0)
        low = self._low
        given = np.clip(self._factors(expected, x[-1])[low], SMALL, None)
        drawn = (self.pull * (x - self.centre) ** 2).sum() / 2
        return float(drawn - self.weights @ likelihood - self.weights[low] @ np.log(given))

    def slope(self, x: Values) -> tuple[Values, Values]:
        """The gradient of the loss, and its expected second derivatives (positive definite)."""
        expected = self.expected(x)
        by_logs = self.goals - expected
        by_rho, curvature = np.zeros(len(self.weights)), np.zeros(len(self.weights))
        low, factor = self._low, np.clip(self._factors(expected, x[-1]), SMALL, None)
        of_rho = self._factors(expected, 1.0) - 1.0
        by_rho[low] = of_rho[low] / factor[low]
        curvature[low] = by_rho[low] ** 2
        # The factor of 0-0 falls with both sides' goals, that of 0-1 and 1-0 rises with the scoreless side's.
        for side in (0, 1):
            moved = low & (self.goals[side] == 0)
            by_logs[side, moved] += x[-1] * by_rho[moved]
        gradient = self.pull * (x - self.centre)
        gradient[:-1] -= self.design.T @ (self.weights * by_logs).reshape(-1)
        gradient[-1] -= self.weights @ by_rho
        information = np.diag(self.pull)
        weighted = self.design * (self.weights * expected).reshape(-1, 1)
        information[:-1, :-1] += self.design.T @ weighted
        information[-1, -1] += self.weights @ curvature
        return gradient, information

    @property
    def _low(self) -> NDArray[np.bool_]:
        return np.asarray((self.goals <= 1).all(axis=0))

    def _factors(self, expected: Values, rho: float) -> Values:
        """What each match's probability is multiplied by, as if its score were a low one (n,)."""
        home, away = expected
        home_goals, away_goals = np.minimum(self.goals, 1).astype(np.int64)
        factors = low_score_factors(home, away, np.full(len(home), rho))
        return np.asarray(factors[np.arange(len(home)), home_goals, away_goals])


def fit_league(matches: pd.DataFrame) -> LeagueFit:
    """The fit of one league's matches with known results; the latest of them is the day it is as of."""
    problem, clubs = Problem.of(matches)
    x = _minimum(problem)
    level, advantage, rho = (float(value) for value in (x[0], x[1], x[-1]))
    attacks, defences = x[2:-1].reshape(2, -1).tolist()
    home, away = problem.expected(x)
    lowest, highest = allowed_rho(home, away, -1.0).max(), allowed_rho(home, away, 1.0).min()
    pairs = dict(zip(clubs, zip(attacks, defences, strict=True), strict=True))
    return LeagueFit(level, advantage, float(np.clip(rho, lowest, highest)), pairs)


def _minimum(problem: Problem) -> Values:
    """Fisher scoring; a step that does not lower the loss is halved."""
    x = np.zeros(len(problem.centre))
    x[0] = np.log(max(problem.goals.mean(), SMALL))
    loss = problem.loss(x)
    for _ in range(MOST_STEPS):
        gradient, information = problem.slope(x)
        step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        if gradient @ step < SMALL:
            break
        x, loss = _lower(problem, x, step, loss)
    return x


def _lower(problem: Problem, x: Values, step: Values, loss: float) -> tuple[Values, float]:
    for halvings in range(MOST_HALVINGS):
        nearer = x - step / 2**halvings
        nearer[-1] = np.clip(nearer[-1], *RHO_BOUNDS)
        lower = problem.loss(nearer)
        if lower < loss:
            return nearer, lower
    return x, loss
