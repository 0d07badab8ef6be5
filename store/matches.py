"""Matches: stored once by their natural key, read as of a moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.matches import matches


@dataclass(frozen=True, slots=True)
class NewMatch:
    """One match as a source tells it; goals and result_known_at are None for a fixture.

    `status` is None for a source that tells none: it leaves what another said, goals mean played.
    """

    league_code: str
    season: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None
    source: str
    status: str | None = None


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One stored match; goals and result_known_at are None for a fixture."""

    match_id: int
    league_code: str
    season: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None


@dataclass(frozen=True)
class Upserted:
    """What an upsert did to the rows it was given."""

    inserted: int
    updated: int
    unchanged: int

    def __add__(self, other: "Upserted") -> "Upserted":
        return Upserted(
            self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged
        )


@dataclass(frozen=True)
class DataAge:
    """How much there is, and how old the newest of it is."""

    matches: int
    newest_kickoff_at: datetime | None
    newest_result_at: datetime | None
    last_change_at: datetime | None


async def upsert_matches(
    conn: AsyncConnection,
    rows: Sequence[NewMatch],
    *,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Upserted:
    """Stores the matches; one that is already there changes only if the source now says otherwise.

    The rows must not name the same match twice. A fixture that the source has moved to another day keeps its
    identity as long as it is unplayed; `first_day` and `last_day` say which days the source was asked for.
    """
    payload = {"rows": json.dumps([_as_json(row) for row in rows])}
    days = {"first_day": first_day, "last_day": last_day}
    await conn.execute(query("move_rescheduled_fixtures"), {**payload, **days})
    row = (await conn.execute(query("upsert_matches"), payload)).one()
    return Upserted(row.inserted, row.updated, len(rows) - row.inserted - row.updated)


async def match_history(
    conn: AsyncConnection, *, until: datetime, league_codes: Sequence[str] | None = None
) -> list[MatchRow]:
    """All matches that kick off by `until`, oldest first."""
    found = _rows().where(matches.c.kickoff_at <= until).order_by(matches.c.kickoff_at, matches.c.id)
    if league_codes is not None:
        found = found.where(matches.c.league_code.in_(league_codes))
    return [MatchRow(*row) for row in await conn.execute(found)]


async def find_match(conn: AsyncConnection, match_id: int) -> MatchRow | None:
    row = (await conn.execute(_rows().where(matches.c.id == match_id))).one_or_none()
    return None if row is None else MatchRow(*row)


async def replay_moment(conn: AsyncConnection, league_codes: Sequence[str] | None = None) -> datetime | None:
    """A moment three quarters through the last season in the tables; None when they are empty."""
    parameters = {"league_codes": None if league_codes is None else list(league_codes)}
    moment: datetime | None = await conn.scalar(query("replay_moment"), parameters)
    return moment


async def data_age(conn: AsyncConnection) -> DataAge:
    row = (
        await conn.execute(
            select(
                func.count(),
                func.max(matches.c.kickoff_at),
                func.max(matches.c.result_known_at),
                func.max(matches.c.updated_at),
            )
        )
    ).one()
    return DataAge(*row)


async def count_matches(conn: AsyncConnection) -> int:
    return int(await conn.scalar(select(func.count()).select_from(matches)) or 0)


async def count_quarantined(conn: AsyncConnection) -> int:
    return int(await conn.scalar(text("select count(*) from quarantined_rows")) or 0)


def _rows() -> Select[*tuple[Any, ...]]:
    """Every column of MatchRow."""
    return select(
        matches.c.id.label("match_id"),
        matches.c.league_code,
        matches.c.season,
        matches.c.kickoff_at,
        matches.c.home_team,
        matches.c.away_team,
        matches.c.home_goals,
        matches.c.away_goals,
        matches.c.result_known_at,
    )


def _as_json(row: NewMatch) -> dict[str, object]:
    return {
        "league_code": row.league_code,
        "season": row.season,
        "kickoff_at": row.kickoff_at.isoformat(),
        "kickoff_time_known": row.kickoff_time_known,
        "home_team": row.home_team,
        "away_team": row.away_team,
        "home_goals": row.home_goals,
        "away_goals": row.away_goals,
        "result_known_at": row.result_known_at and row.result_known_at.isoformat(),
        "source": row.source,
        "status": row.status,
    }
