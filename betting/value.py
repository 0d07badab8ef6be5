"""Whether a price is worth taking: what a bet at it should win, and the lowest price that is enough."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

from betting.odds import check_price


def edge(probability: float, price: Decimal) -> float:
    """What a bet is expected to win per unit staked: probability * price - 1, so 0.05 is 5%.

    Raises ValueError, of which OddsError is one.
    """
    return float(_checked(probability) * Fraction(check_price(price)) - 1)


def minimum_price(probability: float, minimum_edge: float = 0.0) -> Decimal:
    """The lowest price in hundredths with that edge; without one, the fair price. Raises ValueError."""
    lowest = (1 + _as_written(minimum_edge)) / _checked(probability)
    return Decimal(ceil(100 * lowest)) / 100


def _checked(probability: float) -> Fraction:
    if not 0 < probability < 1:
        raise ValueError(f"{probability} is no probability to bet on: it must be above 0 and below 1")
    return _as_written(probability)


def _as_written(number: float) -> Fraction:
    """0.1 as a tenth, not as the double beside it: at 2.20 an even chance has an edge of 10%."""
    return Fraction(str(number))
