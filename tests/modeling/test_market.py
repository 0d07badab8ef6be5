"""What prices tell as features, and as a lesson: nothing of the match's own end reaches its features."""

import numpy as np
import pandas as pd
import pytest

from betting.overround import proportional
from modeling.market import (
    CLOSING,
    COLUMNS,
    OPENING,
    WEIGHT_OF_A_RESULT,
    lines,
    log_odds,
    market_features,
    to_learn,
)
from tests.modeling.invented import MATCHES, WITH_ODDS, WITHOUT_ODDS, invented_odds

ODDS = invented_odds(MATCHES)
FEATURES = market_features(MATCHES, lines(ODDS))


@pytest.mark.parametrize("position", [0, 40, 300, len(MATCHES) - 1])
def test_how_prices_end_and_what_comes_later_change_no_feature(position: int) -> None:
    now = MATCHES["kickoff_at"].iloc[position]
    other = ODDS.copy()
    unknown, later = MATCHES["kickoff_at"] >= now, MATCHES["kickoff_at"] > now
    other.loc[unknown, list(CLOSING)] = other.loc[unknown, list(CLOSING)[::-1]].to_numpy()
    other.loc[later, list(OPENING)] = np.nan
    features = market_features(MATCHES, lines(other))
    pd.testing.assert_frame_equal(features[~later], FEATURES[~later])


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = MATCHES.sample(frac=1, random_state=3)
    features = market_features(shuffled, lines(ODDS.loc[shuffled.index]))
    pd.testing.assert_frame_equal(features.loc[FEATURES.index], FEATURES)


def test_the_first_features_are_the_opening_log_odds() -> None:
    assert FEATURES[list(COLUMNS[:2])].to_numpy() == pytest.approx(log_odds(lines(ODDS).opening))


def test_a_match_without_an_opening_price_has_no_feature() -> None:
    odds = ODDS.copy()
    odds.loc[odds.index[5], OPENING[1]] = np.nan
    features = market_features(MATCHES, lines(odds))
    assert features.iloc[5].isna().all()
    assert features.drop(features.index[5]).notna().all(axis=None)


def test_prices_that_never_close_are_not_expected_to_move() -> None:
    features = market_features(MATCHES, lines(ODDS.assign(**dict.fromkeys(CLOSING, np.nan))))
    assert (features[["market_home_move", "market_away_move"]] == 0).all(axis=None)


def test_the_margin_may_be_removed_in_another_way() -> None:
    prices = ODDS[list(OPENING)].to_numpy()
    assert lines(ODDS, proportional).opening == pytest.approx(proportional(prices))


def test_the_closing_line_is_learnt_where_there_was_one_and_else_the_result() -> None:
    wanted, weights = to_learn(WITH_ODDS)
    assert (wanted == WITH_ODDS.closing).all()
    assert (weights == 1).all()
    wanted, weights = to_learn(WITHOUT_ODDS)
    assert (wanted.argmax(axis=1) == WITHOUT_ODDS.outcomes).all()
    assert (weights == WEIGHT_OF_A_RESULT).all()
