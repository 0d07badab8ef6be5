"""Bets as they are shown, and the settled ones to be counted."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.betting import bankrolls, bets
from store.tables.matches import matches


@dataclass(frozen=True, slots=True)
class BetFilter:
    """Which bets to show, None for any; placed from a moment on and before another."""

    bankroll: str | None = None
    statuses: tuple[str, ...] = ()
    league_code: str | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class BetRow:
    """One bet with its match; `kickoff_at` is when the match was to start as the bet was placed."""

    id: int
    bankroll: str
    match_id: int
    pick_id: int | None
    market: str
    line: Decimal | None
    selection: str
    bookmaker: str
    price: Decimal
    stake: Decimal
    probability: float | None
    placed_at: datetime
    kickoff_at: datetime
    status: str
    returned: Decimal | None
    profit: Decimal | None
    closing_price: Decimal | None
    closing_probability: float | None
    settled_at: datetime | None
    league_code: str
    season: str
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None


@dataclass(frozen=True, slots=True)
class SettledRow:
    """What counts of a settled bet."""

    settled_at: datetime
    status: str
    market: str
    league_code: str
    price: Decimal
    stake: Decimal
    returned: Decimal
    probability: float | None
    closing_price: Decimal | None
    closing_probability: float | None


async def list_bets(
    conn: AsyncConnection, wanted: BetFilter, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[BetRow]:
    """The bets placed last first; `after` is when the last one already seen was placed, and its number."""
    found = _filtered(_select(BetRow), wanted).order_by(bets.c.placed_at.desc(), bets.c.id.desc())
    if after is not None:
        found = found.where(tuple_(bets.c.placed_at, bets.c.id) < tuple_(*after))
    return [BetRow(*row) for row in await conn.execute(found.limit(limit))]


async def find_bet(conn: AsyncConnection, bet_id: int) -> BetRow | None:
    row = (await conn.execute(_select(BetRow).where(bets.c.id == bet_id))).one_or_none()
    return None if row is None else BetRow(*row)


async def settled_bets(
    conn: AsyncConnection, bankroll: str, *, since: datetime | None, until: datetime, limit: int
) -> list[SettledRow]:
    """Settled after `since` and by `until`, in the order of settlement."""
    found = _select(SettledRow).where(bets.c.bankroll == bankroll, bets.c.settled_at <= until)
    if since is not None:
        found = found.where(bets.c.settled_at > since)
    found = found.order_by(bets.c.settled_at, bets.c.id).limit(limit)
    return [SettledRow(*row) for row in await conn.execute(found)]


async def bankroll_opening(conn: AsyncConnection, name: str) -> Decimal | None:
    """What the bankroll began with; None if there is none of the name."""
    opening: Decimal | None = await conn.scalar(select(bankrolls.c.opening).where(bankrolls.c.name == name))
    return opening


def _select(row: type[BetRow] | type[SettledRow]) -> Select[Any]:
    columns = [bets.c[name] if name in bets.c else matches.c[name] for name in row.__dataclass_fields__]
    return select(*columns).join_from(bets, matches, bets.c.match_id == matches.c.id)


def _filtered(found: Select[Any], wanted: BetFilter) -> Select[Any]:
    if wanted.bankroll is not None:
        found = found.where(bets.c.bankroll == wanted.bankroll)
    if wanted.statuses:
        found = found.where(bets.c.status.in_(wanted.statuses))
    if wanted.league_code is not None:
        found = found.where(matches.c.league_code == wanted.league_code)
    if wanted.placed_from is not None:
        found = found.where(bets.c.placed_at >= wanted.placed_from)
    if wanted.placed_to is not None:
        found = found.where(bets.c.placed_at < wanted.placed_to)
    return found
