"""Matches as arrays, written down in a line each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from sports.football.match_arrays import MatchArrays

FIRST_DAY = datetime(2015, 8, 1, 15, tzinfo=UTC)


def match_arrays(
    rows: Sequence[tuple[float, int, int, float, float]], season: str = "2015-16"
) -> MatchArrays:
    """Of matches (day, home, away, home goals, away goals) in one league, in the order of days.

    A result is known two hours after the kick-off; goals that are NaN are not known.
    """
    frame = pd.DataFrame(rows, columns=["day", "home_team", "away_team", "home_goals", "away_goals"])
    kickoff = pd.to_datetime([FIRST_DAY + timedelta(days=day) for day in frame["day"]]).as_unit("us")
    return MatchArrays.of(
        frame.assign(
            league_code="E0",
            season=season,
            kickoff_at=kickoff,
            result_known_at=kickoff + timedelta(hours=2),
            home_team=frame["home_team"].map(str),
            away_team=frame["away_team"].map(str),
        )
    )
