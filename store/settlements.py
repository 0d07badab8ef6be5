"""Settlements of bets: which there are to make, from what, and what they came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.betting import bet_settlements, bets


@dataclass(frozen=True, slots=True)
class BetToSettle:
    """A bet with what is known of its match; the last four are of its last settlement, if any."""

    bet_id: int
    match_id: int
    market: str
    line: Decimal | None
    selection: str
    bookmaker: str
    price: Decimal
    stake: Decimal
    placed_at: datetime
    planned_at: datetime
    status: str
    returned: Decimal | None
    closing_price: Decimal | None
    match_status: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None
    changed_at: datetime
    ending: str | None
    settled_home_goals: int | None
    settled_away_goals: int | None
    why: str | None


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """What a bookmaker last paid on the selections of a market."""

    match_id: int
    market: str
    line: Decimal | None
    is_closing: bool
    bookmaker: str
    known_at: datetime
    prices: list[Decimal | None]


@dataclass(frozen=True, slots=True)
class NewClose:
    """The closing price of a bet, and the market's probability of its selection then."""

    bet_id: int
    closing_price: Decimal
    closing_probability: float


@dataclass(frozen=True, slots=True)
class NewSettlement:
    """One settlement; `difference` is what is paid with it. Goals are those that decided it, if any did."""

    bet_id: int
    status: str
    returned: Decimal
    difference: Decimal
    ending: str
    home_goals: int | None
    away_goals: int | None
    why: str
    closing_price: Decimal | None
    closing_probability: float | None


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One settlement of a bet, as it is kept."""

    settled_at: datetime
    status: str
    returned: Decimal
    difference: Decimal
    ending: str
    home_goals: int | None
    away_goals: int | None
    why: str
    job_id: int


async def settleable_bets(conn: AsyncConnection, as_of: datetime, played_within: timedelta) -> list[int]:
    """Open bets whose match may have ended by then: the caller decides how."""
    values = {"as_of": as_of, "played_within": played_within}
    return list(await conn.scalars(query("settleable_bets"), values))


async def bets_to_correct(conn: AsyncConnection, as_of: datetime, since: datetime) -> list[int]:
    """Bets settled since, by goals or an ending that their match no longer has, or placed after it began."""
    return list(await conn.scalars(query("bets_to_correct"), {"as_of": as_of, "since": since}))


async def bets_without_close(conn: AsyncConnection, as_of: datetime, since: datetime) -> list[int]:
    """Bets settled since, without a closing price, on a market with odds."""
    return list(await conn.scalars(query("bets_without_close"), {"as_of": as_of, "since": since}))


async def hold_bets(conn: AsyncConnection, bet_ids: Sequence[int]) -> list[BetToSettle]:
    """The bets as they are now, held until the transaction ends: nobody else settles them meanwhile."""
    held = select(bets.c.id).where(bets.c.id.in_(bet_ids)).order_by(bets.c.id).with_for_update()
    await conn.execute(held)
    # A statement of its own: it sees what those have settled whom the lock had to wait for.
    rows = await conn.execute(query("bets_with_matches"), {"ids": list(bet_ids)})
    return [BetToSettle(**row._mapping) for row in rows]


async def last_quotes(conn: AsyncConnection, match_ids: Sequence[int], as_of: datetime) -> list[QuoteRow]:
    """What was quoted on these matches, the last of each bookmaker that was known by then."""
    rows = await conn.execute(query("last_quotes"), {"match_ids": list(match_ids), "as_of": as_of})
    return [QuoteRow(**row._mapping) for row in rows]


async def save_settlements(
    conn: AsyncConnection, job_id: int, as_of: datetime, new: Sequence[NewSettlement]
) -> None:
    """Keeps settlements of held bets."""
    values = {"rows": _as_json(new), "as_of": as_of, "job_id": job_id}
    await conn.execute(query("save_settlements"), values)


async def save_closing_prices(conn: AsyncConnection, new: Sequence[NewClose]) -> None:
    await conn.execute(query("save_closing_prices"), {"rows": _as_json(new)})


async def settlements_of(conn: AsyncConnection, bet_id: int) -> list[SettlementRow]:
    """All of a bet, the first one first."""
    columns = [bet_settlements.c[name] for name in SettlementRow.__dataclass_fields__]
    found = select(*columns).where(bet_settlements.c.bet_id == bet_id).order_by(bet_settlements.c.id)
    return [SettlementRow(**row._mapping) for row in await conn.execute(found)]


async def count_overdue(conn: AsyncConnection, as_of: datetime, kicked_off_by: datetime) -> int:
    """Bets that were open at a moment although their match was to kick off long before."""
    found = select(func.count()).where(
        bets.c.status == "open", bets.c.placed_at <= as_of, bets.c.kickoff_at <= kicked_off_by
    )
    return int(await conn.scalar(found) or 0)


async def bankrolls_at(conn: AsyncConnection, as_of: datetime, name: str | None = None) -> dict[str, Decimal]:
    """What each bankroll had, or only the one of the name; open bets' stakes included."""
    rows = await conn.execute(query("bankrolls_at"), {"as_of": as_of, "name": name})
    return {row.name: row.money for row in rows}


def _as_json(rows: Sequence[NewSettlement] | Sequence[NewClose]) -> str:
    """Numbers with a point as text: none of them goes through a float."""
    columns = [{name: getattr(row, name) for name in row.__dataclass_fields__} for row in rows]
    return json.dumps(columns, default=str)
