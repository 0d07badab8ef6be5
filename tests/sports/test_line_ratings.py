"""What prices usually are: read from earlier matches only, and trusted by how many there were this season."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sports.football.line_ratings import (
    DIFFERENCE_RATE,
    LEAGUE_RATE,
    MOVES,
    PRICES,
    SUM_RATE,
    reliability,
    usual,
)
from sports.football.match_arrays import MatchArrays
from tests.sports.league import invented_league

CLUBS = 8
LEAGUE = invented_league(clubs=CLUBS, seasons=2)
MATCHES = MatchArrays.of(LEAGUE.sort_values("kickoff_at", kind="stable"))
STRENGTH = np.linspace(1, -1, CLUBS)
NOTHING = np.full((len(LEAGUE), 2), np.nan)


def honest_prices() -> NDArray[np.float64]:
    """The difference of the two clubs' strengths with a home advantage; both sums alike."""
    return np.column_stack([0.4 + STRENGTH[MATCHES.home] - STRENGTH[MATCHES.away], np.full(len(LEAGUE), 0.5)])


def test_honest_prices_are_soon_expected() -> None:
    prices = honest_prices()
    missed = np.abs(usual(MATCHES, prices, PRICES) - prices)
    assert missed[len(LEAGUE) // 2 :].max() < 0.1
    assert missed[:CLUBS].max() > 0.5


def test_of_a_league_without_prices_the_start_is_expected_and_not_trusted() -> None:
    assert (usual(MATCHES, NOTHING, PRICES) == [PRICES.home_advantage, PRICES.level]).all()
    assert (usual(MATCHES, NOTHING, MOVES) == 0).all()
    assert (reliability(MATCHES, NOTHING) == 0).all()


def test_one_surprise_moves_both_clubs_and_the_league() -> None:
    prices = NOTHING.copy()
    prices[0] = PRICES.home_advantage + 1.0, PRICES.level + 1.0
    again = (MATCHES.home == MATCHES.home[0]) & (MATCHES.away == MATCHES.away[0])
    expected = usual(MATCHES, prices, PRICES)[again][-1]
    moved = [2 * DIFFERENCE_RATE + LEAGUE_RATE, 2 * SUM_RATE + LEAGUE_RATE]
    assert expected - [PRICES.home_advantage, PRICES.level] == pytest.approx(moved)


@settings(max_examples=25, deadline=None)
@given(position=st.integers(0, len(LEAGUE) - 1), seed=st.integers(0, 1_000))
def test_other_prices_of_the_match_and_later_ones_change_nothing(position: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    prices, other = honest_prices(), honest_prices()
    later = MATCHES.moment >= MATCHES.moment[position]
    other[later] = random.choice([-3.0, 0.0, 3.0, np.nan], (int(later.sum()), 2))
    known = MATCHES.moment <= MATCHES.moment[position]
    assert (usual(MATCHES, other, PRICES)[known] == usual(MATCHES, prices, PRICES)[known]).all()
    assert (reliability(MATCHES, other)[known] == reliability(MATCHES, prices)[known]).all()


def test_trust_grows_through_a_season_and_begins_anew() -> None:
    trust = reliability(MATCHES, honest_prices())
    first = MATCHES.season == 0
    assert trust[0] == trust[~first][0] == 0
    assert min(trust[first][-1], trust[-1]) > 0.75
