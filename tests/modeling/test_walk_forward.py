"""A walk covers the matches that count, says who could not learn in time, and compares like with like."""

from datetime import timedelta

import numpy as np
import pytest

from modeling.examples import Examples
from modeling.market import lines
from modeling.metrics import log_loss
from modeling.walk_forward import NothingToWalk, walk_forward
from modeling.walk_report import of_all_matches, of_matches_with_odds
from tests.modeling.invented import MATCHES, WITH_ODDS, WITHOUT_ODDS, invented_odds

TEST_FROM = MATCHES["kickoff_at"].iloc[400]
LATER = MATCHES[MATCHES["kickoff_at"] >= TEST_FROM]
QUICK = ("elo_logit", "dynamic_poisson")


def test_a_walk_tells_of_every_match_from_the_first_that_counts_on() -> None:
    walk = walk_forward(WITH_ODDS, TEST_FROM, models=QUICK)
    assert set(walk.examples.matches["match_id"]) == set(LATER["match_id"])
    for told in (*walk.told.values(), walk.rates):
        assert told.sum(axis=1) == pytest.approx(np.ones(len(LATER)))
    outcomes = walk.examples.outcomes
    assert all(log_loss(told, outcomes) < log_loss(walk.rates, outcomes) for told in walk.told.values())


def test_a_stack_is_walked_with_its_members_and_only_what_is_asked_is_told() -> None:
    walk = walk_forward(WITHOUT_ODDS, MATCHES["kickoff_at"].iloc[-60], models=("ensemble",))
    assert list(walk.told) == ["ensemble"]
    assert np.isfinite(walk.told["ensemble"]).all()


def test_a_model_without_enough_odds_before_is_left_out() -> None:
    late = WITH_ODDS.market.copy()
    late.iloc[:150] = np.nan
    walk = walk_forward(
        Examples(WITH_ODDS.matches, WITH_ODDS.features, late), TEST_FROM, models=("elo_logit", "market_logit")
    )
    assert (list(walk.told), walk.left_out) == (["elo_logit"], ["market_logit"])


@pytest.mark.parametrize(("days", "says"), [(-1_000, "needs 300"), (10_000, "no match")])
def test_without_matches_before_or_after_there_is_nothing_to_walk(days: int, says: str) -> None:
    with pytest.raises(NothingToWalk, match=says):
        walk_forward(WITHOUT_ODDS, TEST_FROM + timedelta(days=days), models=QUICK)


def test_everybody_is_measured_on_the_same_matches() -> None:
    market = WITH_ODDS.market.copy()
    market.loc[MATCHES.index[-20:]] = np.nan
    walk = walk_forward(
        Examples(WITH_ODDS.matches, WITH_ODDS.features, market),
        TEST_FROM,
        models=("elo_logit", "market_logit"),
    )
    prices = invented_odds(MATCHES)
    prices.loc[MATCHES.index[450:470], "close_home"] = np.nan
    known = lines(prices).at(MATCHES.index.get_indexer(walk.examples.matches.index))
    everything, with_odds = of_all_matches(walk), of_matches_with_odds(walk, known)
    assert everything is not None
    assert with_odds is not None
    assert everything.overall.matches == len(LATER) - 20
    assert with_odds.overall.matches == len(LATER) - 40
    assert set(with_odds.overall.scores) == {
        *("elo_logit", "market_logit", "base_rates", "market_open", "market_close")
    }
    assert sum(one.matches for one in with_odds.months) == with_odds.overall.matches
    assert sum(one.matches for one in with_odds.seasons) == with_odds.overall.matches


def test_without_odds_there_is_no_comparison_with_the_market() -> None:
    walk = walk_forward(WITHOUT_ODDS, TEST_FROM, models=QUICK)
    none = lines(invented_odds(MATCHES) * np.nan).at(np.arange(len(LATER)))
    assert of_matches_with_odds(walk, none) is None
