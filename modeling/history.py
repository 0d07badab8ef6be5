"""Stored matches as the frame that features and models read, with nothing in it that was not known yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

from modeling.market import CLOSING, OPENING
from modeling.metrics import OUTCOMES

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


class StoredPrices(Protocol):
    """What the three results of a match paid, at its kick-off or before, as the store keeps it."""

    @property
    def match_id(self) -> int: ...
    @property
    def is_closing(self) -> bool: ...
    @property
    def home(self) -> float: ...
    @property
    def draw(self) -> float: ...
    @property
    def away(self) -> float: ...


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


def odds_frame(matches: pd.DataFrame, prices: Sequence[StoredPrices]) -> pd.DataFrame:
    """The decimal odds of each match in the columns OPENING and CLOSING; NaN where there were none."""
    columns: dict[str, pd.Series] = {}
    for names, is_closing in ((OPENING, False), (CLOSING, True)):
        of_kind = [row for row in prices if row.is_closing is is_closing]
        numbers = [row.match_id for row in of_kind]
        for name, side in zip(names, OUTCOMES, strict=True):
            known = pd.Series([getattr(row, side) for row in of_kind], index=numbers, dtype="float64")
            columns[name] = matches["match_id"].map(known)
    return pd.DataFrame(columns, index=matches.index)


def _typed(column: str, values: list[object]) -> pd.Series:
    if column in TEXTS:
        return pd.Series(values, dtype="str")
    if column in MOMENTS:
        return pd.Series(values, dtype="datetime64[us, UTC]")
    return pd.Series(values, dtype="float64")
