"""Bankrolls: the money that bets are placed from."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.betting import bankrolls


async def hold_bankroll(conn: AsyncConnection, name: str, *, opening: Decimal) -> None:
    """Keeps others from betting from it until the transaction ends; opens it if there is none of the name."""
    await conn.execute(insert(bankrolls).values(name=name, opening=opening).on_conflict_do_nothing())
    await conn.execute(select(bankrolls.c.name).where(bankrolls.c.name == name).with_for_update())


async def money_available(conn: AsyncConnection, name: str, as_of: datetime) -> Decimal | None:
    """What it opened with and what settled bets had brought by then, less the stakes of open ones; None if
    there is no such bankroll. Below zero where corrected results took back what was staked again.
    """
    values = {"bankroll": name, "as_of": as_of}
    money: Decimal | None = await conn.scalar(query("money_available"), values)
    return money
