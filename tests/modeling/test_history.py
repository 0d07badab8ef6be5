"""The history frame: typed, and blind to results that came later."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from modeling.history import COLUMNS, matches_frame

KICKOFF = datetime(2020, 1, 4, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    match_id: int = 1
    league_code: str = "E0"
    season: str = "2019-20"
    kickoff_at: datetime = KICKOFF
    home_team: str = "Arsenal"
    away_team: str = "Chelsea"
    home_goals: int | None = 2
    away_goals: int | None = 1
    result_known_at: datetime | None = KICKOFF + timedelta(hours=2)


def test_a_result_is_hidden_until_it_is_known() -> None:
    before = matches_frame([Row()], as_of=KICKOFF + timedelta(minutes=119))
    after = matches_frame([Row()], as_of=KICKOFF + timedelta(hours=2))
    assert before[["home_goals", "away_goals"]].isna().all(axis=None)
    assert after[["home_goals", "away_goals"]].to_numpy().tolist() == [[2.0, 1.0]]


def test_a_result_without_the_moment_it_became_known_is_hidden() -> None:
    frame = matches_frame([Row(result_known_at=None)], as_of=KICKOFF + timedelta(days=9))
    assert frame["home_goals"].isna().all()


def test_the_types_are_the_same_with_and_without_rows() -> None:
    fixture = Row(match_id=2, home_goals=None, away_goals=None, result_known_at=None)
    full = matches_frame([Row(), fixture], as_of=KICKOFF + timedelta(days=1))
    empty = matches_frame([], as_of=KICKOFF)
    assert tuple(full.columns) == COLUMNS
    pd.testing.assert_series_equal(full.dtypes, empty.dtypes)
    assert str(full["kickoff_at"].dtype) == "datetime64[us, UTC]"
    assert str(full["home_goals"].dtype) == "float64"
    assert full["home_goals"].isna().tolist() == [False, True]


def test_moments_before_1970_are_kept() -> None:
    kickoff = datetime(1963, 8, 24, 14, 30, tzinfo=UTC)
    frame = matches_frame(
        [Row(kickoff_at=kickoff, result_known_at=kickoff + timedelta(hours=2))], as_of=KICKOFF
    )
    assert frame["kickoff_at"].iloc[0] == kickoff
    assert frame["home_goals"].iloc[0] == 2.0
