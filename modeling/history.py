"""Stored matches as the frame that features and models read, with nothing in it that was not known yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

COLUMNS = (
    "match_id",
    "league_code",
    "season",
    "kickoff_at",
    "home_team",
    "away_team",
    "home_goals",
    "away_goals",
    "result_known_at",
)
TEXTS = ("league_code", "season", "home_team", "away_team")
MOMENTS = ("kickoff_at", "result_known_at")
GOALS = ["home_goals", "away_goals"]


class StoredMatch(Protocol):
    """One match as the store keeps it; goals and result_known_at are None for a fixture."""

    @property
    def match_id(self) -> int: ...
    @property
    def league_code(self) -> str: ...
    @property
    def season(self) -> str: ...
    @property
    def kickoff_at(self) -> datetime: ...
    @property
    def home_team(self) -> str: ...
    @property
    def away_team(self) -> str: ...
    @property
    def home_goals(self) -> int | None: ...
    @property
    def away_goals(self) -> int | None: ...
    @property
    def result_known_at(self) -> datetime | None: ...


def matches_frame(rows: Sequence[StoredMatch], *, as_of: datetime) -> pd.DataFrame:
    """One row a match, in the order given, with the COLUMNS above.

    Moments are UTC, goals are floats. A result that became known after `as_of` is hidden: its goals are NaN
    like those of a fixture.
    """
    values = {column: [getattr(row, column) for row in rows] for column in COLUMNS}
    frame = pd.DataFrame({"match_id": pd.Series(values["match_id"], dtype="int64")})
    for column in COLUMNS[1:]:
        frame[column] = _typed(column, values[column])
    hidden = frame["result_known_at"].isna() | (frame["result_known_at"] > as_of)
    frame.loc[hidden, GOALS] = float("nan")
    return frame


def _typed(column: str, values: list[object]) -> pd.Series:
    if column in TEXTS:
        return pd.Series(values, dtype="str")
    if column in MOMENTS:
        return pd.Series(values, dtype="datetime64[us, UTC]")
    return pd.Series(values, dtype="float64")
