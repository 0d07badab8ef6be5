"""Picks: the bets that were worth placing at a moment, each with its reason."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.betting import bets, picks
from store.tables.matches import matches
from store.tables.models import model_registry


@dataclass(frozen=True, slots=True)
class NewPick:
    """A selection worth a bet at this price, as one model saw it at a moment; `why` says it in words.

    `stake_limit` is what decided the stake: the plan's wish (none), or the cap that cut it.
    """

    match_id: int
    market: str
    line: Decimal | None
    selection: str
    bookmaker: str
    price: Decimal
    price_known_at: datetime
    probability: float
    edge: float
    kelly: float
    stake: Decimal
    stake_limit: str
    why: str


@dataclass(frozen=True, slots=True)
class PickKey:
    """What a pick is of; with the model and the moment its natural key."""

    match_id: int
    market: str
    line: Decimal | None
    selection: str


@dataclass(frozen=True)
class PickRow:
    """One pick with its match and the model version that made it."""

    id: int
    match_id: int
    league_code: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    market: str
    line: Decimal | None
    selection: str
    bookmaker: str
    price: Decimal
    price_known_at: datetime
    probability: float
    edge: float
    kelly: float
    stake: Decimal
    stake_limit: str
    why: str
    model_name: str
    model_version: int
    as_of: datetime
    job_id: int


@dataclass(frozen=True)
class PickFilter:
    """Which picks are wanted; None leaves a condition out."""

    league_code: str | None = None
    market: str | None = None
    kickoff_from: datetime | None = None
    kickoff_to: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found = []
        if self.league_code is not None:
            found.append(matches.c.league_code == self.league_code)
        if self.market is not None:
            found.append(picks.c.market == self.market)
        if self.kickoff_from is not None:
            found.append(matches.c.kickoff_at >= self.kickoff_from)
        if self.kickoff_to is not None:
            found.append(matches.c.kickoff_at <= self.kickoff_to)
        return found


async def replace_picks(
    conn: AsyncConnection,
    job_id: int,
    new: Sequence[NewPick],
    *,
    model_id: int,
    as_of: datetime,
    match_ids: Collection[int],
) -> dict[PickKey, int]:
    """Stores what the model picks of these matches at the moment, instead of what it picked of them before,
    and of what an earlier attempt of the job picked of them at its own moment.

    A pick that was bet on stays as it was. Gives the numbers of all these picks as they are now.
    """
    of_model = and_(picks.c.model_id == model_id, picks.c.as_of == as_of)
    same_run = and_(picks.c.match_id.in_(match_ids), or_(of_model, picks.c.job_id == job_id))
    await conn.execute(delete(picks).where(same_run, ~_is_bet_on()))
    if new:
        rows = [{**asdict(pick), "model_id": model_id, "as_of": as_of, "job_id": job_id} for pick in new]
        await conn.execute(insert(picks).on_conflict_do_nothing(constraint="picks_natural_key"), rows)
    kept = select(picks.c.id, picks.c.match_id, picks.c.market, picks.c.line, picks.c.selection)
    return {PickKey(*row[1:]): row.id for row in await conn.execute(kept.where(same_run))}


async def list_picks(
    conn: AsyncConnection, wanted: PickFilter, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[PickRow]:
    """Those of the newest moment first, within it the latest first; from behind a moment and number on."""
    found = _rows().where(*wanted.conditions()).limit(limit)
    if after is not None:
        found = found.where(tuple_(picks.c.as_of, picks.c.id) < after)
    return [PickRow(*row) for row in await conn.execute(found)]


async def picks_beside(
    conn: AsyncConnection, match_id: int, *, model_id: int, as_of: datetime
) -> list[PickRow]:
    """What was picked of a match when the model predicted it as of that moment."""
    same = (picks.c.match_id == match_id, picks.c.model_id == model_id, picks.c.as_of == as_of)
    return [PickRow(*row) for row in await conn.execute(_rows().where(*same))]


async def delete_old_picks(conn: AsyncConnection, age: timedelta, limit: int = 1_000) -> int:
    """Deletes picks stored longer ago that nobody has bet on; how many went."""
    return (await conn.execute(query("delete_old_picks"), {"age": age, "limit": limit})).rowcount


def _rows() -> Select[*tuple[Any, ...]]:
    registry = model_registry
    columns = {
        **{column.name: column for column in (*matches.c, *picks.c)},
        "model_name": registry.c.name,
        "model_version": registry.c.version,
    }
    return (
        select(*(columns[name] for name in PickRow.__dataclass_fields__))
        .join_from(picks, matches, matches.c.id == picks.c.match_id)
        .join(registry, registry.c.id == picks.c.model_id)
        .order_by(picks.c.as_of.desc(), picks.c.id.desc())
    )


def _is_bet_on() -> ColumnElement[bool]:
    return exists(select(bets.c.id).where(bets.c.pick_id == picks.c.id))
