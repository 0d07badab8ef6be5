"""Probabilities from a bookmaker's odds: the margin taken out of many markets at once.

Odds have one row a market and a column for each of its selections, all of them, shape (n, k) with k of two or
more. A row whose booksum is 1 or less (the best prices of several bookmakers, an exchange) has no margin to
remove: by every method it is only divided by its sum.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from betting.odds import OddsError

# An interval halved as often is narrower than a double can tell.
HALVINGS = 60
# Of one or two bookmakers the median is their mean, which a single wrong price spoils.
FEWEST_BOOKMAKERS = 3

Floats = NDArray[np.float64]


def overround(odds: Floats) -> Floats:
    """The bookmaker's margin: the sum of the inverse odds less 1, shape (n,). Raises OddsError."""
    return np.asarray(_inverse(odds).sum(axis=1) - 1)


def proportional(odds: Floats) -> Floats:
    """Each inverse price by one factor, shape (n, k); longshots stay too probable. Raises OddsError."""
    return _to_sum_1(_inverse(odds))


def power(odds: Floats) -> Floats:
    """The inverse prices to one power per row that makes them sum to 1, shape (n, k).

    Clarke, Kovalchik and Ingram (2017), Adjusting bookmaker's odds to allow for overround. It takes more from
    longshots than from favourites. Raises OddsError.
    """
    inverse = _inverse(odds)
    most = np.maximum(np.log(inverse.shape[1]) / -np.log(inverse.max(axis=1)), 1)

    def total(exponent: Floats) -> Floats:
        return np.asarray((inverse ** exponent[:, None]).sum(axis=1))

    exponent = _falls_to_1(total, np.ones_like(most), most)
    return _to_sum_1(inverse ** exponent[:, None])


def shin(odds: Floats) -> Floats:
    """What a bookmaker believes who protects himself from insiders, shape (n, k).

    Shin (1993), Measuring the incidence of insider trading, as solved for the probabilities by Jullien and
    Salanie (1994): with inverse prices q, their sum B and a share z of insiders,
    p = (sqrt(z^2 + 4 (1 - z) q^2 / B) - z) / (2 (1 - z)); z makes them sum to 1. Raises OddsError.
    """
    inverse = _inverse(odds)
    squares = inverse**2 / inverse.sum(axis=1, keepdims=True)

    def believed(insiders: Floats) -> Floats:
        # The same fraction made larger by its conjugate: nothing cancels and insiders may be 1.
        share = insiders[:, None]
        return np.asarray(2 * squares / (np.sqrt(share**2 + 4 * (1 - share) * squares) + share))

    zero = np.zeros(len(inverse))
    insiders = _falls_to_1(lambda share: believed(share).sum(axis=1), zero, zero + 1)
    return _to_sum_1(believed(insiders))


def median_prices(prices: Floats, fewest: int = FEWEST_BOOKMAKERS) -> Floats:
    """The middle of several bookmakers' prices, shape (n, k) from (n, bookmakers, k) with NaN where missing.

    A bookmaker counts where it prices every selection above 1; of fewer than `fewest` it is NaN.
    Medians, because an exchange's price of 1.01, or home and away swapped by one bookmaker, spoil a mean.
    """
    complete = np.all(np.isfinite(prices) & (prices > 1), axis=2, keepdims=True)
    enough = complete[:, :, 0].sum(axis=1) >= max(fewest, 1)
    counted = np.where(complete, prices, np.nan)
    medians = np.full((prices.shape[0], prices.shape[2]), np.nan)
    medians[enough] = np.nanmedian(counted[enough], axis=1)
    return medians


def _inverse(odds: Floats) -> Floats:
    if odds.ndim != 2 or odds.shape[1] < 2:
        raise OddsError(
            f"odds of shape {odds.shape}: give one row a market, with a column for each selection"
        )
    sound = (np.isfinite(odds) & (odds > 1)).all(axis=1)
    if not sound.all():
        row = int(np.argmin(sound))
        raise OddsError(f"row {row} has odds {odds[row].tolist()}: leave out markets without a price above 1")
    return np.asarray(1.0 / odds)


def _falls_to_1(total: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Where a falling sum of each row is 1, all rows bisected at once; low where it is less all along."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = total(middle) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def _to_sum_1(values: Floats) -> Floats:
    return np.asarray(values / values.sum(axis=1, keepdims=True))
