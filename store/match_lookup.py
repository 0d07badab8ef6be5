"""Stored matches beside what a source tells: which one is meant, which leagues there are, who names them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.matches import NewMatch
from store.queries import query
from store.tables.matches import matches


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A stored match of the clubs that were asked for, at most a day from then."""

    match_id: int
    season: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class StartingMatch:
    """A match that is to be played."""

    match_id: int
    league_code: str
    kickoff_at: datetime


async def starting_matches(
    conn: AsyncConnection, since: datetime, until: datetime, leagues: Sequence[str]
) -> list[StartingMatch]:
    """Those of the leagues that kick off after `since` and by `until`."""
    found = (
        select(matches.c.id, matches.c.league_code, matches.c.kickoff_at)
        .where(matches.c.kickoff_at > since, matches.c.kickoff_at <= until)
        .where(matches.c.league_code.in_(leagues), matches.c.kickoff_time_known)
        .where(matches.c.status.not_in(("postponed", "cancelled")))
        .order_by(matches.c.kickoff_at, matches.c.id)
    )
    return [StartingMatch(*row) for row in await conn.execute(found)]


async def nearest_matches(conn: AsyncConnection, rows: Sequence[NewMatch]) -> dict[int, NearMatch]:
    """The stored match that each row is about, by the row's place; rows without one are left out."""
    if not rows:
        return {}
    payload = json.dumps(
        [
            {
                "number": number,
                "league_code": row.league_code,
                "home_team": row.home_team,
                "away_team": row.away_team,
                "kickoff_date": row.kickoff_at.date().isoformat(),
            }
            for number, row in enumerate(rows)
        ]
    )
    found = await conn.execute(query("nearest_matches"), {"rows": payload})
    return {number: NearMatch(*columns) for number, *columns in found}


async def leagues_since(conn: AsyncConnection, since: datetime) -> list[str]:
    """The leagues that have matches from then on."""
    found = select(matches.c.league_code).where(matches.c.kickoff_at >= since).distinct()
    return sorted(await conn.scalars(found))


async def leagues_without_results(conn: AsyncConnection, since: datetime, until: datetime) -> list[str]:
    """The leagues of which matches kicked off in between and have no result."""
    found = (
        select(matches.c.league_code)
        .where(matches.c.home_goals.is_(None), matches.c.kickoff_at.between(since, until))
        .where(matches.c.status.in_(("scheduled", "in_play")))
        .distinct()
    )
    return sorted(await conn.scalars(found))


async def naming_sources(
    conn: AsyncConnection, leagues: Sequence[str], files: Sequence[str]
) -> dict[str, str]:
    """Of each league that has matches, one of `files` if it told any of them, else whoever told most."""
    found = await conn.execute(query("naming_sources"), {"leagues": list(leagues), "files": list(files)})
    return {row.league_code: row.source for row in found}


async def teams_of(conn: AsyncConnection, leagues: Sequence[str]) -> dict[str, set[str]]:
    """The teams of all stored matches by league."""
    teams: dict[str, set[str]] = {}
    for side in (matches.c.home_team, matches.c.away_team):
        found = select(matches.c.league_code, side).where(matches.c.league_code.in_(leagues)).distinct()
        for league, team in await conn.execute(found):
            teams.setdefault(league, set()).add(team)
    return teams
