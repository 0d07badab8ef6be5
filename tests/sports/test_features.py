"""Features: as of kick-off, never missing, blind to the future and to the order of the rows."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sports.football.elo import PROMOTED_RATING
from sports.football.features import match_features
from tests.sports.league import FIRST_DAY, bundesliga, invented_league

LEAGUE = invented_league(clubs=8, seasons=3)
FEATURES = match_features(LEAGUE)


def fixture_between(home: str, away: str, days_later: float, season: str = "2017-18") -> pd.DataFrame:
    kickoff = pd.Timestamp(LEAGUE["kickoff_at"].max()) + timedelta(days=days_later)
    row = {
        "match_id": 0,
        "league_code": "E0",
        "season": season,
        "kickoff_at": kickoff,
        "result_known_at": kickoff + timedelta(hours=2),
        "home_team": home,
        "away_team": away,
        "home_goals": np.nan,
        "away_goals": np.nan,
    }
    return pd.DataFrame([row], index=[10_000]).astype(
        {"kickoff_at": "datetime64[us, UTC]", "result_known_at": "datetime64[us, UTC]"}
    )


@settings(max_examples=25, deadline=None)
@given(position=st.integers(0, len(LEAGUE) - 1), seed=st.integers(0, 1_000))
def test_another_future_leaves_the_features_of_the_past_as_they_are(position: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    now = LEAGUE["kickoff_at"].iloc[position]
    future = (LEAGUE["kickoff_at"] >= now).to_numpy()
    other = LEAGUE.copy()
    for goals in ("home_goals", "away_goals"):
        other.loc[future, goals] = random.choice([0.0, 1.0, 5.0, np.nan], future.sum())
    other = other.drop(other.index[future & (random.random(len(other)) < 0.3) & (LEAGUE["kickoff_at"] > now)])
    known = LEAGUE.index[LEAGUE["kickoff_at"] <= now]
    pd.testing.assert_frame_equal(match_features(other).loc[known], FEATURES.loc[known])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    shuffled = LEAGUE.sample(frac=1, random_state=seed)
    features = match_features(shuffled)
    assert features.index.equals(shuffled.index)
    pd.testing.assert_frame_equal(features.loc[FEATURES.index], FEATURES)


def test_the_own_result_is_not_among_the_features_of_a_match() -> None:
    played = LEAGUE.iloc[[-1]].index
    unplayed = LEAGUE.copy()
    unplayed.loc[played, ["home_goals", "away_goals"]] = np.nan
    pd.testing.assert_frame_equal(match_features(unplayed).loc[played], FEATURES.loc[played])


def test_past_results_do_change_the_features() -> None:
    other = LEAGUE.copy()
    other.loc[other.index[:50], "home_goals"] += 2
    changed = (match_features(other) != FEATURES).any(axis=1)
    assert changed.iloc[-1]


def test_a_match_at_the_same_moment_is_not_seen() -> None:
    fixtures = [fixture_between("Club 0", "Club 1", 3), fixture_between("Club 0", "Club 2", 3)]
    twice = pd.concat([LEAGUE, *fixtures], ignore_index=True)
    alone = match_features(twice).tail(1)
    twice.loc[len(twice) - 2, ["home_goals", "away_goals"]] = 5.0, 0.0
    pd.testing.assert_frame_equal(match_features(twice).tail(1), alone)


def test_fixtures_and_hidden_results_contribute_nothing() -> None:
    hidden = LEAGUE.copy()
    late = hidden["kickoff_at"] > FIRST_DAY + timedelta(days=700)
    hidden.loc[late, ["home_goals", "away_goals"]] = np.nan
    pd.testing.assert_frame_equal(match_features(hidden)[~late], match_features(LEAGUE[~late]))
    fixture = fixture_between("Club 0", "Club 1", 3)
    with_hidden = match_features(pd.concat([hidden, fixture])).tail(1)
    without = match_features(pd.concat([LEAGUE[~late], fixture])).tail(1)
    pd.testing.assert_frame_equal(with_hidden, without)


def test_a_promoted_club_gets_priors_and_no_gap() -> None:
    features = match_features(pd.concat([LEAGUE, fixture_between("Newcomers", "Club 0", 7)])).loc[10_000]
    assert features.notna().all()
    assert features["elo_home"] == PROMOTED_RATING
    assert features["home_played"] == 0
    assert features["home_rest_days"] == 14


def test_form_is_the_mean_of_the_last_matches_drawn_towards_the_average() -> None:
    last_five = LEAGUE[(LEAGUE["home_team"] == "Club 0") | (LEAGUE["away_team"] == "Club 0")].tail(5)
    at_home = last_five["home_team"] == "Club 0"
    scored = last_five["home_goals"].where(at_home, last_five["away_goals"]).sum()
    features = match_features(pd.concat([LEAGUE, fixture_between("Club 0", "Club 1", 3)])).loc[10_000]
    average = (features["league_home_goals"] + features["league_away_goals"]) / 2
    assert features["home_goals_for_5"] == pytest.approx((scored + 3 * average) / 8)


def test_rest_is_counted_in_days_since_the_last_match() -> None:
    last = LEAGUE[(LEAGUE["home_team"] == "Club 0") | (LEAGUE["away_team"] == "Club 0")]["kickoff_at"].max()
    fixture = fixture_between("Club 0", "Club 1", 4.5)
    features = match_features(pd.concat([LEAGUE, fixture])).loc[10_000]
    assert features["home_rest_days"] == (fixture["kickoff_at"].iloc[0] - last) / pd.Timedelta(days=1)


def test_a_new_season_begins_at_zero() -> None:
    features = match_features(pd.concat([LEAGUE, fixture_between("Club 0", "Club 1", 60, "2018-19")])).loc[
        10_000
    ]
    assert features["home_season_played"] == 0
    assert features["season_progress"] == 0
    assert features["home_played"] == 42


def test_leagues_do_not_mix() -> None:
    other = LEAGUE.assign(league_code="D1", home_goals=9.0).set_index(LEAGUE.index + 20_000)
    pd.testing.assert_frame_equal(match_features(pd.concat([other, LEAGUE])).loc[LEAGUE.index], FEATURES)


def test_no_matches_have_no_features_but_all_columns() -> None:
    features = match_features(LEAGUE.iloc[:0])
    assert len(features) == 0
    assert list(features.columns) == list(FEATURES.columns)


def test_a_match_without_kickoff_is_an_error() -> None:
    broken = LEAGUE.copy()
    broken.loc[0, "kickoff_at"] = pd.NaT
    with pytest.raises(ValueError, match="kick-off"):
        match_features(broken)


def test_46_real_seasons_have_no_gap_and_sensible_ratings() -> None:
    matches = bundesliga()
    features = match_features(matches)
    assert np.isfinite(features.to_numpy()).all()
    last = features[(matches["kickoff_at"] > "2009-05-20").to_numpy()].index
    best = matches.loc[features.loc[last, "elo_home"].idxmax(), "home_team"]
    assert best in {"Bayern München", "VfL Wolfsburg", "Werder Bremen"}
    assert features["elo_difference"].corr(matches["home_goals"] - matches["away_goals"]) > 0.3


def test_a_result_that_is_known_only_after_this_kick_off_does_not_count() -> None:
    """The match before is still being played: its goals must change nothing here."""
    earlier, later = LEAGUE.index[-2], LEAGUE.index[-1]
    running = LEAGUE.copy()
    running.loc[earlier, "kickoff_at"] = running.loc[later, "kickoff_at"] - timedelta(minutes=30)
    running.loc[earlier, "result_known_at"] = running.loc[later, "kickoff_at"] + timedelta(minutes=90)
    another = running.copy()
    another.loc[earlier, ["home_goals", "away_goals"]] = [9.0, 0.0]
    expected = match_features(running).loc[[later]]
    pd.testing.assert_frame_equal(match_features(another).loc[[later]], expected)
    ended = another.assign(result_known_at=another["kickoff_at"])
    assert not match_features(ended).loc[[later]].equals(expected)
