"""Which decimal odds can be true: what is absurd is left out and reported, the match stays."""

from collections.abc import Sequence
from decimal import Decimal

LOWEST, HIGHEST = Decimal(1), Decimal(1000)
# The inverse prices of one market add up to 1 plus the bookmaker's margin: 1.02 to 1.15 as a rule. The best
# prices of many bookmakers together may fall below 1, by a few per cent.
LEAST_SUM, MOST_SUM = 0.9, 1.6
LEAST_SUM_OF_BEST = 0.7
BEST = "maximum"


def fault_of_price(price: Decimal) -> str:
    """Why nobody offers this price; empty if somebody may."""
    return "" if LOWEST < price <= HIGHEST else f"odds {price} are not above {LOWEST} and at most {HIGHEST}"


def fault_of_sum(bookmaker: str, inverses: Sequence[float]) -> str:
    """Why the inverse prices of all outcomes of one market cannot belong together; empty if they can."""
    total = sum(inverses)
    least = LEAST_SUM_OF_BEST if bookmaker == BEST else LEAST_SUM
    return (
        "" if least <= total <= MOST_SUM else f"inverse odds add up to {total:.2f}, not {least} to {MOST_SUM}"
    )
