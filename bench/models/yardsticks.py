"""Whom the models face: who knows only how often each result happens, and the bookmakers' two lines."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.models.contest import Contest
from bench.models.stopwatch import Stopwatch
from bench.models.walk import Told
from betting.overround import power, proportional, shin
from modeling.market import lines
from modeling.validation import base_rates

Floats = NDArray[np.float64]
# By what stands behind the name: the first is how the platform itself reads prices.
MARGINS: dict[str, Callable[[Floats], Floats]] = {"": power, "_proportional": proportional, "_shin": shin}


def told_by_base_rates(asked: Contest) -> Told:
    past, fitting = asked.past, Stopwatch()
    with fitting:
        rates = base_rates(past.matches["league_code"], past.outcomes, asked.tested["league_code"])
    return Told(rates, fit_seconds=fitting.seconds, fits=1)


def told_by_market(asked: Contest) -> dict[str, Told]:
    """market_open and market_close by each way of removing the margin; NaN where there was no price."""
    odds, told = asked.odds.iloc[asked.window], {}
    for suffix, without_margin in MARGINS.items():
        reading = Stopwatch()
        with reading:
            found = lines(odds, without_margin)
        for name, line in (("market_open", found.opening), ("market_close", found.closing)):
            told[name + suffix] = Told(line, predict_seconds=reading.seconds / 2)
    return told
