"""Bets as they are placed: once on a selection of a match by a bankroll; and what is staked already."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.betting import bets

NOTHING = Decimal("0.00")
LONGEST_UNSETTLED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewBet:
    """Money on a selection at a price; `kickoff_at` is when the match is to kick off by now."""

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


@dataclass(frozen=True, slots=True)
class HeldBet:
    """What a bankroll has on a match already, settled or not."""

    match_id: int
    market: str
    line: Decimal | None
    selection: str
    stake: Decimal


async def place_bets(conn: AsyncConnection, new: Sequence[NewBet]) -> None:
    """Places the bets, but none on a selection that the bankroll has bet on. Call hold_bankroll first."""
    if new:
        placing = insert(bets).on_conflict_do_nothing(constraint="bets_natural_key")
        await conn.execute(placing, [asdict(bet) for bet in new])


async def held_bets(conn: AsyncConnection, bankroll: str, match_ids: Collection[int]) -> list[HeldBet]:
    columns = [bets.c[name] for name in HeldBet.__dataclass_fields__]
    found = select(*columns).where(bets.c.bankroll == bankroll, bets.c.match_id.in_(match_ids))
    return [HeldBet(*row) for row in await conn.execute(found)]


async def staked_on_day(conn: AsyncConnection, bankroll: str, moment: datetime) -> Decimal:
    """The stakes of the bets that were placed on the moment's day, in UTC."""
    begins = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    staked = select(func.coalesce(func.sum(bets.c.stake), NOTHING)).where(
        bets.c.bankroll == bankroll,
        bets.c.placed_at >= begins,
        bets.c.placed_at < begins + timedelta(days=1),
    )
    return Decimal(await conn.scalar(staked) or NOTHING)


async def count_bets_on(conn: AsyncConnection, bankroll: str, pick_ids: Collection[int]) -> int:
    """How many of these picks the bankroll has bet on."""
    found = select(func.count()).where(bets.c.bankroll == bankroll, bets.c.pick_id.in_(pick_ids))
    return int(await conn.scalar(found) or 0)


async def settled_return(
    conn: AsyncConnection, bankroll: str, *, since: datetime, until: datetime
) -> float | None:
    """Profit by stake of the bets settled after `since` and by `until`; None without any but void ones.

    Of matches of that time: a season long ago that is settled now says nothing of it.
    """
    found = select(func.sum(bets.c.profit) / func.sum(bets.c.stake)).where(
        bets.c.bankroll == bankroll,
        bets.c.settled_at > since,
        bets.c.settled_at <= until,
        bets.c.status != "void",
        bets.c.kickoff_at > since - LONGEST_UNSETTLED,
    )
    share: Decimal | None = await conn.scalar(found)
    return None if share is None else float(share)
