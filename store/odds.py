"""Odds of matches: stored as a source tells them, read as they were known at a moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query


@dataclass(frozen=True, slots=True)
class NewOdds:
    """Decimal odds of one bookmaker on one market of a match, which is named by its natural key.

    `prices` are of home, draw and away, or of over and under; None where a selection had none.
    """

    league_code: str
    home_team: str
    away_team: str
    kickoff_at: datetime
    source: str
    bookmaker: str
    market: str
    line: Decimal | None
    is_closing: bool
    known_at: datetime
    prices: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What a match's three results paid: before it, or at its kick-off (`is_closing`)."""

    match_id: int
    is_closing: bool
    home: float
    draw: float
    away: float


async def replace_odds(conn: AsyncConnection, rows: Sequence[NewOdds]) -> int:
    """Stores all that a source says of these matches' odds, instead of what it said before; how many changed.

    Odds of a match that is not stored are left out.
    """
    payload = {"rows": json.dumps([_as_json(row) for row in rows])}
    return int(await conn.scalar(query("replace_odds"), payload) or 0)


async def add_odds(conn: AsyncConnection, rows: Sequence[NewOdds]) -> int:
    """Adds what a source tells of now, where it is news, to what it said before; how many were added.

    Odds of a match that is not stored are left out.
    """
    payload = {"rows": json.dumps([_as_json(row) for row in rows])}
    return int(await conn.scalar(query("add_odds"), payload) or 0)


async def price_history(conn: AsyncConnection, *, until: datetime, as_of: datetime) -> list[PriceRow]:
    """What was known at `as_of` of the matches that kick off by `until`."""
    found = await conn.execute(query("price_history"), {"until": until, "as_of": as_of})
    return [PriceRow(*row) for row in found]


def _as_json(row: NewOdds) -> dict[str, object]:
    return {
        "league_code": row.league_code,
        "home_team": row.home_team,
        "away_team": row.away_team,
        "kickoff_date": row.kickoff_at.date().isoformat(),
        "source": row.source,
        "bookmaker": row.bookmaker,
        "market": row.market,
        "line": row.line if row.line is None else str(row.line),
        "is_closing": row.is_closing,
        "known_at": row.known_at.isoformat(),
        "prices": [price if price is None else str(price) for price in row.prices],
    }
