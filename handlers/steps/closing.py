"""Finds the closing prices of bets in the odds that were known at a moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from betting.markets import Market
from store.settlements import BetToSettle, NewClose, last_quotes

if TYPE_CHECKING:
    from betting.closing_price import Quote, Taken

MarketOfMatch = tuple[int, str, Decimal | None]


async def closes(conn: AsyncConnection, bets: Sequence[BetToSettle], as_of: datetime) -> dict[int, NewClose]:
    """By the bets' numbers; without those whose closing price is not known."""
    from betting.closing_price import closing_prices

    if not bets:
        return {}
    quotes = await _quotes(conn, bets, as_of)
    found = closing_prices([_taken(bet, quotes[bet.match_id, bet.market, bet.line]) for bet in bets])
    return {
        bet.bet_id: NewClose(bet.bet_id, close.price, close.probability)
        for bet, close in zip(bets, found, strict=True)
        if close is not None
    }


async def _quotes(
    conn: AsyncConnection, bets: Sequence[BetToSettle], as_of: datetime
) -> defaultdict[MarketOfMatch, list["Quote"]]:
    from betting.closing_price import Quote

    quotes = defaultdict(list)
    for row in await last_quotes(conn, sorted({bet.match_id for bet in bets}), as_of):
        quote = Quote(row.bookmaker, row.is_closing, row.known_at, tuple(row.prices))
        quotes[row.match_id, row.market, row.line].append(quote)
    return quotes


def _taken(bet: BetToSettle, quotes: Sequence["Quote"]) -> "Taken":
    from betting.closing_price import Taken

    return Taken(Market(bet.market), bet.selection, bet.bookmaker, bet.placed_at, bet.kickoff_at, quotes)
