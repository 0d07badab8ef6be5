"""The last look at a source's rows before they are stored: what no row of its kind can say is rejected.

Readers refuse what they cannot read; here it is one set of rules for all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa

from providers.rows import (
    LineupRow,
    Market,
    MatchBatch,
    MatchRow,
    OddsRow,
    PlayerStatRow,
    RejectedRow,
    TeamStatisticRow,
)
from providers.schemas import LINEUPS, MATCHES, ODDS, PLAYER_STATS, TEAM_STATISTICS

ZERO, NAN = timedelta(0), float("nan")

Row = TypeVar("Row")


def validated(batch: MatchBatch, source: str) -> MatchBatch:
    """The batch without the rows that fail; each of them is rejected with the first reason why.

    A match goes with its odds; odds that fail go alone.
    """
    rejected = list(batch.rejected)
    matches = _kept(batch.matches, MATCHES, _match_frame, _about_match, source, rejected)
    return replace(
        batch,
        matches=_with_good_odds(matches, source, rejected),
        rejected=rejected,
        lineups=_kept(batch.lineups, LINEUPS, _lineup_frame, _about_team, source, rejected),
        player_stats=_kept(batch.player_stats, PLAYER_STATS, _player_frame, _about_team, source, rejected),
        team_statistics=_kept(
            batch.team_statistics, TEAM_STATISTICS, _statistic_frame, _about_team, source, rejected
        ),
    )


def _kept(
    rows: Sequence[Row],
    schema: pa.DataFrameSchema,
    frame_of: Callable[[Sequence[Row]], pd.DataFrame],
    about: Callable[[Row], str],
    source: str,
    rejected: list[RejectedRow],
) -> list[Row]:
    failures = _failures(schema, frame_of(rows)) if rows else {}
    for number, reason in failures.items():
        rejected.append(RejectedRow(source, about(rows[number]), 0, reason, {}))
    return [row for number, row in enumerate(rows) if number not in failures]


def _with_good_odds(matches: list[MatchRow], source: str, rejected: list[RejectedRow]) -> list[MatchRow]:
    odds = [(match, row) for match in matches for row in match.odds]
    failures = _failures(ODDS, _odds_frame(odds)) if odds else {}
    bad: dict[int, list[OddsRow]] = {}
    for number, reason in failures.items():
        match, row = odds[number]
        bad.setdefault(id(match), []).append(row)
        rejected.append(RejectedRow(source, _about_match(match), 0, reason, _shown(row)))
    return [
        replace(match, odds=tuple(row for row in match.odds if row not in bad[id(match)]))
        if id(match) in bad
        else match
        for match in matches
    ]


def _failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> dict[int, str]:
    """The numbers of the rows that fail, in order, each with its first reason."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        # What is wrong with one column comes first: rules about several only follow from it.
        cases = errors.failure_cases.dropna(subset="index").sort_values("schema_context", kind="stable")
        cases = cases.drop_duplicates("index")
        if cases.empty:
            raise
        return {
            int(number): str(check)
            for number, check in sorted(zip(cases["index"], cases["check"], strict=True))
        }
    return {}


def _is_utc(moment: datetime) -> bool:
    return moment.utcoffset() == ZERO


def _columns(rows: Sequence[Any], names: Sequence[str], kind: type) -> dict[str, "pd.Series[Any]"]:
    return {name: pd.Series([getattr(row, name) for row in rows], dtype=kind) for name in names}


def _match_frame(rows: Sequence[MatchRow]) -> pd.DataFrame:
    goals = ("home_goals", "away_goals", "half_time_home_goals", "half_time_away_goals")
    return pd.DataFrame(
        {
            "league": [row.league_code for row in rows],
            "is_utc": [_is_utc(row.kickoff_at) for row in rows],
            "kickoff": [row.kickoff_at.timestamp() for row in rows],
            **_columns(rows, ("season", "home_team", "away_team", "status"), str),
            **_columns(rows, goals, float),
        }
    )


def _odds_frame(odds: Sequence[tuple[MatchRow, OddsRow]]) -> pd.DataFrame:
    rows = [row for _, row in odds]
    return pd.DataFrame(
        {
            "bookmaker": [row.bookmaker for row in rows],
            "is_utc": [_is_utc(row.known_at) for row in rows],
            "known": [row.known_at.timestamp() for row in rows],
            "first": [_price(row, 0) for row in rows],
            "second": [_price(row, 1) for row in rows],
            "third": [_price(row, 2) for row in rows],
            "line": [NAN if row.line is None else float(row.line) for row in rows],
            "prices": [len(row.prices) for row in rows],
            "is_result": [row.market is Market.MATCH_RESULT for row in rows],
            "kickoff": [match.kickoff_at.timestamp() for match, _ in odds],
        }
    )


def _price(row: OddsRow, place: int) -> float:
    price = row.prices[place] if place < len(row.prices) else None
    return NAN if price is None else float(price)


def _lineup_frame(rows: Sequence[LineupRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "team": [row.team for row in rows],
            "is_utc": [_is_utc(row.known_at) for row in rows],
            "known": [row.known_at.timestamp() for row in rows],
            "starters": [sum(player.is_starter for player in row.players) for row in rows],
            "is_each_once": [
                len({player.external_id for player in row.players}) == len(row.players) for row in rows
            ],
        }
    )


def _player_frame(rows: Sequence[PlayerStatRow]) -> pd.DataFrame:
    figures = [name for name in PLAYER_STATS.columns if name not in ("team", "player")]
    return pd.DataFrame({**_columns(rows, ("team", "player"), str), **_columns(rows, figures, float)})


def _statistic_frame(rows: Sequence[TeamStatisticRow]) -> pd.DataFrame:
    return pd.DataFrame({**_columns(rows, ("team", "name"), str), **_columns(rows, ("value",), float)})


def _about_match(row: MatchRow) -> str:
    return f"{row.league_code} {row.home_team} - {row.away_team} {row.kickoff_at:%Y-%m-%d}"[:200]


def _about_team(row: LineupRow | PlayerStatRow | TeamStatisticRow) -> str:
    return f"{row.match_external_id} {row.team}"[:200]


def _shown(row: OddsRow) -> dict[str, str]:
    return {"bookmaker": row.bookmaker, "market": row.market, "prices": " ".join(map(str, row.prices))}
