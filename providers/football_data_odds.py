"""The odds columns of football-data.co.uk: whose they are, which market, opening or closing, known when.

The site's notes.txt explains the columns. Those without C are "pre-closing" odds. When they are collected,
its matches page says: on Fridays no later than 17:00 British time for the weekend, on Tuesdays no later than
13:00 for midweek. Those with C are the last odds before the match starts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from providers.odds import fault_of_price, fault_of_sum
from providers.rows import Market, OddsRow

BRITISH = ZoneInfo("Europe/London")
TUESDAY, FRIDAY = 1, 4
MIDWEEK_DEADLINE, WEEKEND_DEADLINE = time(13), time(17)
LINE = Decimal("2.5")
# A column's first part, by who it stands for. Betbrain's (Bb) gave way to the site's own in 2019; of
# Pinnacle's two spellings a file has one.
BOOKMAKERS = {
    "average": ("Avg", "BbAv"),
    "maximum": ("Max", "BbMx"),
    "bet365": ("B365",),
    "pinnacle": ("PS", "P"),
}
OUTCOMES = {Market.MATCH_RESULT: ("H", "D", "A"), Market.OVER_UNDER: (">2.5", "<2.5")}
PRICE = re.compile(r"\d{1,5}(\.\d{1,6})?", re.ASCII)
NO_PRICE: tuple[Decimal | None, float] = (None, 0.0)


class NoPrice(Exception):
    """A cell that holds something, and no price that anybody offers."""


@dataclass(frozen=True, slots=True)
class OddsColumns:
    """Where in a line the prices of one market of one bookmaker stand."""

    bookmaker: str
    market: Market
    is_closing: bool
    names: tuple[str, ...]
    positions: tuple[int, ...]

    def read(self, cells: Sequence[str], known_at: datetime) -> OddsRow | str | None:
        """The odds of a line, the reason why they are none, or None where nothing is said."""
        width = len(cells)
        try:
            found = [_price(cells[place]) if place < width else NO_PRICE for place in self.positions]
        except NoPrice as error:
            return str(error)
        prices = tuple([price for price, _ in found])
        if None not in prices:
            if fault := fault_of_sum(self.bookmaker, [inverse for _, inverse in found]):
                return fault
        elif not any(prices):
            return None
        line = LINE if self.market is Market.OVER_UNDER else None
        return OddsRow(self.bookmaker, self.market, line, prices, self.is_closing, known_at)

    def shown(self, cells: Sequence[str]) -> dict[str, str]:
        """What the line says there."""
        at = zip(self.names, self.positions, strict=True)
        return {name: cells[position].strip() for name, position in at if position < len(cells)}


def odds_columns(position: Callable[[str], int | None]) -> list[OddsColumns]:
    """The odds that a file has, given where in its header a name stands."""
    found: dict[tuple[str, Market, bool], OddsColumns] = {}
    for bookmaker, market, is_closing, names in _known_names():
        positions = [place for name in names if (place := position(name)) is not None]
        if len(positions) == len(names):
            columns = OddsColumns(bookmaker, market, is_closing, names, tuple(positions))
            found.setdefault((bookmaker, market, is_closing), columns)
    return list(found.values())


def _known_names() -> Iterator[tuple[str, Market, bool, tuple[str, ...]]]:
    for bookmaker, prefixes in BOOKMAKERS.items():
        for prefix in prefixes:
            for market, outcomes in OUTCOMES.items():
                for is_closing in (False, True):
                    closing = "C" if is_closing else ""
                    yield bookmaker, market, is_closing, tuple(prefix + closing + each for each in outcomes)


def opening_known_at(kickoff: datetime) -> datetime:
    """By when the odds without C were collected: the last deadline up to the day of the match.

    A match that starts on such a day before the deadline has them known at its kick-off: too late to be used,
    but never too early.
    """
    return min(_deadline(kickoff.astimezone(BRITISH).date()), kickoff)


@lru_cache(maxsize=10_000)
def _deadline(day: date) -> datetime:
    midweek = TUESDAY <= day.weekday() < FRIDAY
    collected, deadline = (TUESDAY, MIDWEEK_DEADLINE) if midweek else (FRIDAY, WEEKEND_DEADLINE)
    collected_on = day - timedelta(days=(day.weekday() - collected) % 7)
    return datetime.combine(collected_on, deadline, BRITISH).astimezone(UTC)


@lru_cache(maxsize=10_000)
def _price(cell: str) -> tuple[Decimal | None, float]:
    """A price and its inverse. The same few thousand prices come again and again."""
    text = cell.strip()
    if not text:
        return NO_PRICE
    if PRICE.fullmatch(text) is None:
        raise NoPrice(f"odds {text[:20]!r} are not a number")
    price = Decimal(text)
    if fault := fault_of_price(price):
        raise NoPrice(fault)
    return price, 1 / float(price)
