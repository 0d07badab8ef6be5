"""Nothing that happens later changes what was known, or would have been said, of a match before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modeling.examples import Examples
from modeling.market import CLOSING, OPENING
from modeling.walk_forward import Walk, walk_forward
from tests.modeling.invented import examples_of, invented_odds
from tests.sports.league import invented_league

MATCHES = invented_league(clubs=12, seasons=4)
ODDS = invented_odds(MATCHES)
EXAMPLES = examples_of(MATCHES, ODDS)
TEST_FROM = MATCHES["kickoff_at"].iloc[400]
REFIT = timedelta(days=60)
# The quick ones, of each sort: on ratings, on strengths, on clubs, on odds; and a stack of them.
MODELS = ("elo_logit", "dynamic_poisson", "dixon_coles", "market_logit", "ensemble_market")
STACK = {"ensemble_market": {"elo_logit": 0.2, "dixon_coles": 0.2, "market_logit": 0.6}}
MOMENTS = st.integers(400, len(MATCHES) - 1).map(lambda row: MATCHES["kickoff_at"].iloc[row])


@dataclass(frozen=True)
class Future:
    """Another future from a moment on: results, odds, which matches there are, the order of the rows."""

    moment: pd.Timestamp
    seed: int

    def examples(self) -> Examples:
        random = np.random.default_rng(self.seed)
        later = (MATCHES["kickoff_at"] >= self.moment).to_numpy()
        matches, odds = MATCHES.copy(), ODDS.copy()
        for goals in ("home_goals", "away_goals"):
            matches.loc[later, goals] = random.choice([0.0, 1.0, 6.0], later.sum())
        # The closing line is drawn up to the kick-off; the opening one of a match at the moment is known.
        odds.loc[later, list(CLOSING)] = random.uniform(1.2, 9.0, (later.sum(), 3))
        beyond = (MATCHES["kickoff_at"] > self.moment).to_numpy()
        odds.loc[beyond, list(OPENING)] = random.uniform(1.2, 9.0, (beyond.sum(), 3))
        kept = ~(beyond & (random.random(len(matches)) < 0.2))
        order = random.permutation(np.flatnonzero(kept))
        return examples_of(matches.iloc[order], odds.iloc[order])


def before(examples: Examples, moment: pd.Timestamp) -> Examples:
    """What was known of the matches until the moment, by their numbers."""
    known = examples.where(examples.matches["kickoff_at"] <= moment)
    return known.numbered(sorted(known.matches["match_id"]))


def told_until(walk: Walk, moment: pd.Timestamp) -> pd.DataFrame:
    """What each model said of the matches until the moment, by their numbers."""
    matches = walk.examples.matches
    frame = pd.DataFrame(np.hstack([*walk.told.values(), walk.rates]), index=matches["match_id"])
    return frame[(matches["kickoff_at"] <= moment).to_numpy()].sort_index()


@settings(max_examples=15, deadline=None)
@given(moment=MOMENTS, seed=st.integers(0, 10_000))
def test_features_of_earlier_matches_stay_as_they_are(moment: pd.Timestamp, seed: int) -> None:
    other, known = before(Future(moment, seed).examples(), moment), before(EXAMPLES, moment)
    pd.testing.assert_frame_equal(other.features, known.features)
    pd.testing.assert_frame_equal(other.market, known.market)


@pytest.fixture(scope="module")
def as_it_was() -> Iterator[Walk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modeling.walk_forward.STACKS", STACK)
        yield walk_forward(EXAMPLES, TEST_FROM, models=MODELS, refit=REFIT)


# A failure is told as it was found: to make it smaller would take minutes.
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(moment=MOMENTS, seed=st.integers(0, 10_000))
def test_out_of_sample_predictions_of_earlier_matches_stay_as_they_are(
    as_it_was: Walk, moment: pd.Timestamp, seed: int
) -> None:
    other = walk_forward(Future(moment, seed).examples(), TEST_FROM, models=MODELS, refit=REFIT)
    assert set(as_it_was.told) == set(MODELS)
    pd.testing.assert_frame_equal(told_until(other, moment), told_until(as_it_was, moment))
