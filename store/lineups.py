"""Team sheets as they became known, and what players did."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jsonb import storable_json
from store.queries import query
from store.tables.lineups import player_stats
from store.tables.matches import matches


@dataclass(frozen=True, slots=True)
class NewLineup:
    """The team sheet of one side of a match; `players` are JSON objects in any order."""

    match_id: int
    side: str
    source: str
    team: str
    known_at: datetime
    players: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LineupRow:
    """The latest sheet of a side; `changes` is how often it changed after the first one."""

    side: str
    source: str
    team: str
    known_at: datetime
    players: list[dict[str, Any]]
    changes: int


@dataclass(frozen=True, slots=True)
class NewPlayerStats:
    """What one player did in a match; None is what the source does not tell."""

    match_id: int
    source: str
    player_id: str
    player: str
    side: str
    team: str
    minutes: int | None
    goals: int | None
    assists: int | None
    shots: int | None
    shots_on_target: int | None
    yellow_cards: int | None
    red_cards: int | None
    rating: float | None
    known_at: datetime


async def add_lineups(conn: AsyncConnection, job_id: int, rows: Sequence[NewLineup]) -> list[int]:
    """Adds the sheets that differ from the latest of their side; the match of each one that was added."""
    if not rows:
        return []
    ids = sorted({row.match_id for row in rows})
    # One writer at a time for a match: two must not both find that a sheet is new.
    await conn.execute(
        select(matches.c.id).where(matches.c.id.in_(ids)).order_by(matches.c.id).with_for_update()
    )
    payload = storable_json([_as_json(row) for row in rows])
    return list(await conn.scalars(query("add_lineups"), {"rows": payload, "job_id": job_id}))


async def save_player_stats(conn: AsyncConnection, job_id: int, rows: Sequence[NewPlayerStats]) -> int:
    """Stores the figures; those that are as they were keep the moment from which they are known."""
    if not rows:
        return 0
    payload = storable_json([{**asdict(row), "known_at": row.known_at.isoformat()} for row in rows])
    return int(await conn.scalar(query("save_player_stats"), {"rows": payload, "job_id": job_id}) or 0)


async def lineups_of(conn: AsyncConnection, match_id: int) -> list[LineupRow]:
    """The latest sheet of each side and source; home before away."""
    found = await conn.execute(query("latest_lineups"), {"match_id": match_id})
    return [LineupRow(*row) for row in found]


async def player_stats_of(conn: AsyncConnection, match_id: int) -> list[NewPlayerStats]:
    columns = [player_stats.c[name] for name in NewPlayerStats.__dataclass_fields__]
    found = select(*columns).where(player_stats.c.match_id == match_id)
    ordered = found.order_by(player_stats.c.side.desc(), player_stats.c.player, player_stats.c.player_id)
    return [NewPlayerStats(*row) for row in await conn.execute(ordered)]


def _as_json(row: NewLineup) -> dict[str, Any]:
    players = sorted(row.players, key=lambda player: str(player["external_id"]))
    told = json.dumps([row.team, players], sort_keys=True)
    return {
        "match_id": row.match_id,
        "side": row.side,
        "source": row.source,
        "team": row.team,
        "known_at": row.known_at.isoformat(),
        "players": row.players,
        "sha256": hashlib.sha256(told.encode()).hexdigest(),
    }
