"""How a league's parameters make the goals of its matches: what all models of attack and defence share."""

import numpy as np

from sports.football.past import Numbers, Values


def goal_design(home: Numbers, away: Numbers, clubs: int) -> Values:
    """Which parameters make the log goals of the home sides, then of the away sides, shape (2n, 2 + 2 clubs).

    The parameters are the level, the home advantage (half for one side, half against the other), every
    club's attack, and every club's defence, which counts against the opponent.
    """
    matches = len(home)
    design = np.zeros((2 * matches, 2 + 2 * clubs))
    one, other = np.arange(matches), np.arange(matches, 2 * matches)
    design[:, 0] = 1.0
    design[one, 1], design[other, 1] = 0.5, -0.5
    design[one, 2 + home] = design[other, 2 + away] = 1.0
    design[one, 2 + clubs + away] = design[other, 2 + clubs + home] = -1.0
    return design
