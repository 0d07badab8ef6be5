"""What bookmakers were known to pay on a match at a moment: what can be bet on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query


@dataclass(frozen=True, slots=True)
class KnownPrices:
    """The latest prices of one bookmaker on one market of a match; None where a selection had none.

    They are of home, draw and away, or of over and under.
    """

    match_id: int
    market: str
    line: Decimal | None
    bookmaker: str
    known_at: datetime
    prices: tuple[Decimal | None, ...]


async def known_prices(
    conn: AsyncConnection, match_ids: Collection[int], *, as_of: datetime, oldest: timedelta
) -> list[KnownPrices]:
    """Of the results of these matches, and of more or fewer than 2.5 goals; never a closing price, and none
    of a match that is called off.

    `average` is among the bookmakers of a market only where no other one's price is younger than `oldest`.
    """
    values = {"match_ids": list(match_ids), "as_of": as_of, "fresh_since": as_of - oldest}
    found = await conn.execute(query("known_prices"), values)
    return [KnownPrices(**{**row._mapping, "prices": tuple(row.prices)}) for row in found]
