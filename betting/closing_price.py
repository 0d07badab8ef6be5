"""The closing price of a bet: the last one before kick-off, and how probable the market then thought it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

import numpy as np

from betting.markets import SELECTIONS, Market
from betting.overround import power

# Where nobody has the close itself, a price counts as the last one that is no older than this at kick-off:
# line-ups are out an hour before it, and an older price is the market's opinion of another match.
LATEST_BEFORE = timedelta(hours=6)
MILLI = Decimal("0.001")
# What a source makes of all bookmakers. The maximum is a price to bet at, and no opinion of the market.
AVERAGE, MAXIMUM = "average", "maximum"

Prices = tuple[Decimal, ...]


@dataclass(frozen=True)
class Quote:
    """What a bookmaker paid on the selections of a market, in their order; None where one had no price."""

    bookmaker: str
    is_closing: bool
    known_at: datetime
    prices: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Taken:
    """A price that was taken, of one of a market's selections, and what was quoted on this market."""

    market: Market
    name: str
    bookmaker: str
    placed_at: datetime
    kickoff_at: datetime
    quotes: Sequence[Quote]

    @property
    def position(self) -> int:
        return SELECTIONS[self.market].index(self.name)


@dataclass(frozen=True)
class ClosingPrice:
    """`probability` is the market's, with the margin removed by the power method."""

    price: Decimal
    probability: float


def closing_prices(taken: Sequence[Taken]) -> list[ClosingPrice | None]:
    """Of each price taken; None where the market's last line is not known.

    The price is that of the same bookmaker, else the market's: the average as a source tells it, else the
    middle of the bookmakers.
    """
    last = [_last_quotes(one) for one in taken]
    lines = [_market_line(quotes) for quotes in last]
    fair = _fair(lines)
    return [
        None if line is None else _closing(one, quotes, line, fair[line])
        for one, quotes, line in zip(taken, last, lines, strict=True)
    ]


def market_lines(markets: Sequence[Sequence[Quote]]) -> list[list[float] | None]:
    """The probabilities in the closing quotes of each market, the margin removed; None where it has none."""
    lines = [
        _market_line({quote.bookmaker: quote for quote in quotes if quote.is_closing}) for quotes in markets
    ]
    fair = _fair(lines)
    return [None if line is None else fair[line] for line in lines]


def _last_quotes(taken: Taken) -> dict[str, Quote]:
    """The latest of each bookmaker: the close, else what was told after the bet, shortly before kick-off."""
    closing = [quote for quote in taken.quotes if quote.is_closing]
    earliest = max(taken.placed_at, taken.kickoff_at - LATEST_BEFORE)
    last = closing or [quote for quote in taken.quotes if earliest < quote.known_at <= taken.kickoff_at]
    return {quote.bookmaker: quote for quote in sorted(last, key=lambda quote: quote.known_at)}


def _market_line(quotes: Mapping[str, Quote]) -> Prices | None:
    complete = {
        bookmaker: prices
        for bookmaker, quote in quotes.items()
        if bookmaker != MAXIMUM and (prices := _complete(quote)) is not None
    }
    if AVERAGE in complete:
        return complete[AVERAGE]
    if not complete:
        return None
    return tuple(median(column).quantize(MILLI) for column in zip(*complete.values(), strict=True))


def _complete(quote: Quote) -> Prices | None:
    prices = tuple(price for price in quote.prices if price is not None and price > 1)
    return prices if len(prices) == len(quote.prices) else None


def _fair(lines: Sequence[Prices | None]) -> dict[Prices, list[float]]:
    """All lines with as many selections at once."""
    known = {line for line in lines if line is not None}
    found: dict[Prices, list[float]] = {}
    for selections in {len(line) for line in known}:
        alike = [line for line in known if len(line) == selections]
        probabilities = power(np.array(alike, dtype=np.float64))
        found |= dict(zip(alike, probabilities.tolist(), strict=True))
    return found


def _closing(taken: Taken, quotes: Mapping[str, Quote], line: Prices, fair: list[float]) -> ClosingPrice:
    own = quotes[taken.bookmaker].prices[taken.position] if taken.bookmaker in quotes else None
    price = own if own is not None and own > 1 else line[taken.position]
    return ClosingPrice(price, fair[taken.position])
