"""Picks: the bets that were worth placing at a moment, each with its reason."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.betting import bets, picks


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


async def replace_picks(
    conn: AsyncConnection,
    job_id: int,
    new: Sequence[NewPick],
    *,
    model_id: int,
    as_of: datetime,
    match_ids: Collection[int],
) -> dict[PickKey, int]:
    """Stores what the model picks of these matches at the moment, instead of what it picked of them before.

    A pick that was bet on stays as it was. Gives the numbers of all picks of the matches as they are now.
    """
    same_run = (picks.c.model_id == model_id, picks.c.as_of == as_of, picks.c.match_id.in_(match_ids))
    await conn.execute(delete(picks).where(*same_run, ~_is_bet_on()))
    if new:
        rows = [{**asdict(pick), "model_id": model_id, "as_of": as_of, "job_id": job_id} for pick in new]
        await conn.execute(insert(picks).on_conflict_do_nothing(constraint="picks_natural_key"), rows)
    kept = select(picks.c.id, picks.c.match_id, picks.c.market, picks.c.line, picks.c.selection)
    return {PickKey(*row[1:]): row.id for row in await conn.execute(kept.where(*same_run))}


def _is_bet_on() -> ColumnElement[bool]:
    return exists(select(bets.c.id).where(bets.c.pick_id == picks.c.id))
