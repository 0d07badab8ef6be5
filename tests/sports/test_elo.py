"""Elo: the published formula, nothing of the present in a rating."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sports.football.elo import (
    PROMOTED_RATING,
    STARTING_RATING,
    K,
    elo_ratings,
    expected_score,
    goal_difference_weight,
)
from tests.sports.arrays import match_arrays


def ratings(*rows: tuple[int, int, int, float]) -> NDArray[np.float64]:
    """Of matches (day, home, away, margin) in one league."""
    return elo_ratings(
        match_arrays([(day, home, away, max(m, 0), max(-m, 0)) for day, home, away, m in rows])
    )


@pytest.mark.parametrize(("margin", "weight"), [(0, 1), (1, 1), (-1, 1), (2, 1.5), (3, 14 / 8), (-5, 2)])
def test_the_weight_of_a_goal_difference_is_the_published_one(margin: int, weight: float) -> None:
    assert goal_difference_weight(margin) == weight


def test_equal_clubs_expect_half_and_400_points_make_ten_to_one() -> None:
    assert expected_score(0) == 0.5
    assert expected_score(400) == pytest.approx(10 / 11)


def test_a_first_match_is_between_equals_and_moves_both_by_the_same() -> None:
    before, after = ratings((0, 1, 2, 1.0), (1, 1, 2, 0.0))
    assert before.tolist() == [STARTING_RATING, STARTING_RATING]
    assert after.sum() == pytest.approx(2 * STARTING_RATING)
    assert 0 < after[0] - STARTING_RATING < K


def test_matches_at_one_moment_do_not_see_each_other() -> None:
    same_moment = ratings((0, 1, 2, 3.0), (0, 1, 3, -1.0))
    assert same_moment[1].tolist() == [STARTING_RATING, STARTING_RATING]


def test_an_unplayed_match_moves_nobody() -> None:
    rows = ratings((0, 1, 2, float("nan")), (1, 1, 2, 0.0))
    assert rows[1].tolist() == [STARTING_RATING, STARTING_RATING]


def test_a_club_that_joins_a_league_under_way_starts_as_a_promoted_one() -> None:
    known = [(day, 1, 2, 0.0) for day in range(100)]
    assert ratings(*known, (100, 3, 1, 0.0))[-1][0] == PROMOTED_RATING


def test_a_club_that_was_away_for_a_year_is_taken_half_by_what_it_was() -> None:
    rows = ratings((0, 1, 2, 4.0), (1, 1, 2, 4.0), (500, 1, 3, 0.0))
    now = ratings((0, 1, 2, 4.0), (1, 1, 2, 4.0), (2, 1, 3, 0.0))
    assert rows[-1][0] == pytest.approx((now[-1][0] + PROMOTED_RATING) / 2)
