"""Odds as they are written. Inside, a price is always decimal: a Decimal above 1, the stake included."""

import re
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

DECIMAL = re.compile(r"\d{1,6}(?:\.\d{1,12})?", re.ASCII)
FRACTION = re.compile(r"(\d{1,6}) ?/ ?(\d{1,6})", re.ASCII)
AMERICAN = re.compile(r"([+-]?)(\d{3,7})", re.ASCII)
EVENS = frozenset({"evens", "even", "evs"})
# What is shown is rounded to this, and never down to odds that pay nothing.
SHOWN = Decimal("0.0001")
# Small enough that a fraction can be told from its neighbours by four decimals.
LARGEST_DENOMINATOR = 100
LONGEST_SHOWN = 20


class OddsError(ValueError):
    """What was given is no price; the message says what one looks like."""


class OddsFormat(StrEnum):
    """2.50 pays 2.50 for 1 · 3/2 wins 3 for 2 · +150 wins 150 for 100, -200 wins 100 for 200."""

    DECIMAL = "decimal"
    FRACTIONAL = "fractional"
    AMERICAN = "american"


def check_price(price: Decimal) -> Decimal:
    """The price itself. Raises OddsError unless it is a finite number above 1."""
    if not (price.is_finite() and price > 1):
        raise OddsError(
            f"{price} is no decimal price: it must be above 1, as in 2.50 for one and a half to win"
        )
    return price


def parse_price(text: str, written: OddsFormat) -> Decimal:
    """The decimal price of odds in that format, exact where it has at most 28 digits. Raises OddsError."""
    text = text.strip()
    match written:
        case OddsFormat.DECIMAL:
            return _decimal(text)
        case OddsFormat.FRACTIONAL:
            return _fractional(text)
        case OddsFormat.AMERICAN:
            return _american(text)


def format_price(price: Decimal, written: OddsFormat) -> str:
    """Odds to read: at most four decimals, a fraction of at most hundredths, or whole American odds.

    The nearest of these, so that odds are shown as they were written, but for fractions not in lowest terms
    and 1/1, which is evens. Raises OddsError.
    """
    check_price(price)
    match written:
        case OddsFormat.DECIMAL:
            return _as_decimal(price)
        case OddsFormat.FRACTIONAL:
            return _as_fractional(price)
        case OddsFormat.AMERICAN:
            return _as_american(price)


def _decimal(text: str) -> Decimal:
    if not DECIMAL.fullmatch(text) or Decimal(text) <= 1:
        raise OddsError(
            f"{_shown(text)} is no decimal price: write a number above 1 with a point, such as 2.50"
        )
    return Decimal(text)


def _fractional(text: str) -> Decimal:
    if text.lower() in EVENS:
        return Decimal(2)
    parts = FRACTION.fullmatch(text)
    if not parts or int(parts[1]) == 0 or int(parts[2]) == 0:
        raise OddsError(
            f"{_shown(text)} are no fractional odds: write winnings/stake, such as 22/1, or evens"
        )
    return 1 + Decimal(parts[1]) / Decimal(parts[2])


def _american(text: str) -> Decimal:
    if text.lower() in EVENS:
        return Decimal(2)
    parts = AMERICAN.fullmatch(text)
    if not parts or int(parts[2]) < 100:
        raise OddsError(
            f"{_shown(text)} are no American odds: write +100 or more, or -100 or less, such as -200"
        )
    number = Decimal(parts[2])
    return 1 + (100 / number if parts[1] == "-" else number / 100)


def _as_decimal(price: Decimal) -> str:
    whole, _, decimals = f"{max(round(price, 4), 1 + SHOWN):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _as_fractional(price: Decimal) -> str:
    smallest = Fraction(1, LARGEST_DENOMINATOR)
    wins = max(Fraction(price - 1).limit_denominator(LARGEST_DENOMINATOR), smallest)
    return "evens" if wins == 1 else f"{wins.numerator}/{wins.denominator}"


def _as_american(price: Decimal) -> str:
    wins = price - 1
    return f"+{round(100 * wins)}" if wins >= 1 else f"-{round(100 / wins)}"


def _shown(text: str) -> str:
    return repr(text[:LONGEST_SHOWN])
