"""What the rows of each kind can say at all, as pandera schemas over one frame a kind (see `validation`)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pandera.pandas as pa

from providers.odds import HIGHEST, LEAST_SUM_OF_BEST, LOWEST, MOST_SUM
from providers.rows import LONGEST_NAME, MOST_GOALS, MatchStatus

STARTERS = (7, 11)
# Two halves, extra time and what is added to them.
MOST_MINUTES = 150
EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1850, 2200))
WITH_GOALS = (MatchStatus.PLAYED, MatchStatus.AWARDED)


def _text(pattern: str, error: str) -> pa.Column:
    """Each different text is looked at once: 100,000 odds are of a handful of bookmakers."""
    fits = re.compile(pattern).fullmatch
    return pa.Column(str, pa.Check(lambda texts: texts.isin(list(filter(fits, texts.unique()))), error=error))


def _name() -> pa.Column:
    return _text(rf"\S.{{0,{LONGEST_NAME - 1}}}", "a name is missing or too long")


def _utc() -> pa.Column:
    return pa.Column(bool, pa.Check(lambda is_utc: is_utc, error="a moment is not in UTC"))


def _moment() -> pa.Column:
    return pa.Column(float, pa.Check.in_range(EARLIEST, LATEST, error="a moment is out of all bounds"))


def _count(most: int, what: str) -> pa.Column:
    return pa.Column(float, pa.Check.in_range(0, most, error=f"{what} not from 0 to {most}"), nullable=True)


def _rule(holds: Callable[[pd.DataFrame], "pd.Series[bool]"], error: str) -> pa.Check:
    return pa.Check(holds, error=error)


def _prices(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["first", "second", "third"]]


MATCHES = pa.DataFrameSchema(
    {
        "league": _text(r"[A-Z0-9]{1,8}", "no code of a league"),
        "season": _text(r"\d{4}-\d{2}", "no name of a season"),
        "is_utc": _utc(),
        "kickoff": _moment(),
        "home_team": _name(),
        "away_team": _name(),
        "home_goals": _count(MOST_GOALS, "goals are"),
        "away_goals": _count(MOST_GOALS, "goals are"),
        "half_time_home_goals": _count(MOST_GOALS, "goals at half-time are"),
        "half_time_away_goals": _count(MOST_GOALS, "goals at half-time are"),
        "status": pa.Column(str),
    },
    checks=[
        _rule(lambda rows: rows["home_team"] != rows["away_team"], "a team plays against itself"),
        _rule(lambda rows: rows["home_goals"].isna() == rows["away_goals"].isna(), "half a score"),
        _rule(
            lambda rows: rows["home_goals"].notna() | (rows["status"] != MatchStatus.PLAYED),
            "played without a score",
        ),
        _rule(
            lambda rows: rows["home_goals"].isna() | rows["status"].isin(WITH_GOALS),
            "a score of a match that is not over",
        ),
        _rule(
            lambda rows: (
                ~(
                    (rows["half_time_home_goals"] > rows["home_goals"])
                    | (rows["half_time_away_goals"] > rows["away_goals"])
                )
            ),
            "more goals at half-time than at the end",
        ),
    ],
)
ODDS = pa.DataFrameSchema(
    {
        "bookmaker": _name(),
        "is_utc": _utc(),
        "known": _moment(),
        "first": pa.Column(float, nullable=True),
        "second": pa.Column(float, nullable=True),
        "third": pa.Column(float, nullable=True),
        "line": pa.Column(float, nullable=True),
        "prices": pa.Column(int),
        "is_result": pa.Column(bool),
        "kickoff": pa.Column(float),
    },
    checks=[
        _rule(lambda rows: rows["known"] <= rows["kickoff"], "odds from after kick-off"),
        _rule(
            lambda rows: rows["prices"] == rows["is_result"].map({True: 3, False: 2}), "not as many prices"
        ),
        _rule(lambda rows: rows["line"].isna() == rows["is_result"], "a line is missing or too many"),
        _rule(lambda rows: ~(rows["line"] <= 0), "a line that is not above 0"),
        _rule(lambda rows: _prices(rows).notna().any(axis=1), "no price"),
        _rule(
            lambda rows: ~((_prices(rows) <= float(LOWEST)) | (_prices(rows) > float(HIGHEST))).any(axis=1),
            f"odds that are not above {LOWEST} and at most {HIGHEST}",
        ),
        _rule(
            lambda rows: (
                (_prices(rows).notna().sum(axis=1) < rows["prices"])
                | (1 / _prices(rows)).sum(axis=1).between(LEAST_SUM_OF_BEST, MOST_SUM)
            ),
            "inverse odds that add up to nothing like 1",
        ),
    ],
)
LINEUPS = pa.DataFrameSchema(
    {
        "team": _name(),
        "is_utc": _utc(),
        "known": _moment(),
        "starters": pa.Column(int, pa.Check.in_range(*STARTERS, error="not 7 to 11 starters")),
        "is_each_once": pa.Column(bool, pa.Check(lambda once: once, error="a player stands there twice")),
    }
)
PLAYER_STATS = pa.DataFrameSchema(
    {
        "team": _name(),
        "player": _name(),
        "minutes": _count(MOST_MINUTES, "minutes are"),
        "goals": _count(MOST_GOALS, "goals are"),
        "assists": _count(MOST_GOALS, "assists are"),
        "shots": _count(100, "shots are"),
        "shots_on_target": _count(100, "shots on target are"),
        "yellow_cards": _count(2, "yellow cards are"),
        "red_cards": _count(1, "red cards are"),
        "rating": _count(10, "a rating is"),
    },
    checks=[
        _rule(lambda rows: ~(rows["shots_on_target"] > rows["shots"]), "more shots on target than shots")
    ],
)
TEAM_STATISTICS = pa.DataFrameSchema(
    {
        "team": _name(),
        "name": _name(),
        "value": pa.Column(
            float,
            pa.Check(
                lambda values: values.between(0, 10_000),
                ignore_na=False,
                error="a figure not from 0 to 10000",
            ),
            nullable=True,
        ),
    },
    checks=[
        _rule(
            lambda rows: (rows["name"] != "possession") | (rows["value"] <= 100),
            "possession of more than 100 per cent",
        )
    ],
)
