"""What goals a match is likely to have, in keeping with what is said of its result.

A prediction may come from models that know nothing of goals. The scores then come from those that do, and are
rescaled until home, draw and away are the prediction's own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.metrics import Probabilities
from sports.football.scores import GOALS, MOST_GOALS, both_score, over, rescaled

LINE = 2.5
LIKELIEST = 6
# More digits say nothing of a chance, and stand in every row that is stored.
DIGITS = 5

Values = NDArray[np.float64]
Scores = NDArray[np.float64]
"""P(score) of every match, shape (n, 16, 16)."""


@dataclass(frozen=True)
class GoalMarkets:
    """Of each match (n,): the goals expected of either side, the chance of more than 2.5, the chance that
    both sides score, and the chances of the likeliest scores, the likeliest first.
    """

    home_goals: Values
    away_goals: Values
    over_2_5: Values
    both_to_score: Values
    likely_scores: list[dict[str, float]]


def goal_markets(scores: Scores, probabilities: Probabilities) -> GoalMarkets:
    """What follows from the scores once their outcomes are these probabilities (n, 3)."""
    matrix = rescaled(scores, probabilities)
    return GoalMarkets(
        home_goals=matrix.sum(axis=2) @ GOALS,
        away_goals=matrix.sum(axis=1) @ GOALS,
        over_2_5=np.clip(over(matrix, LINE), 0, 1),
        both_to_score=np.clip(both_score(matrix), 0, 1),
        likely_scores=_likely_scores(matrix),
    )


def mixed(scores: list[Scores], weights: list[float]) -> Scores:
    """One score matrix a match from those of several models; where no weight is above 0, the first speaks."""
    if sum(weights) == 0:
        return scores[0]
    return np.asarray(np.average(np.stack(scores), axis=0, weights=weights))


def _likely_scores(matrix: Scores) -> list[dict[str, float]]:
    flat = matrix.reshape(len(matrix), -1)
    places = np.argsort(-flat, axis=1, kind="stable")[:, :LIKELIEST]
    chances = np.take_along_axis(flat, places, axis=1).round(DIGITS).tolist()
    names = [f"{home}-{away}" for home in range(MOST_GOALS + 1) for away in range(MOST_GOALS + 1)]
    return [
        {names[place]: chance for place, chance in zip(row, told, strict=True)}
        for row, told in zip(places.tolist(), chances, strict=True)
    ]
