"""A walk in figures: models beside base rates and market, on the same matches, period by period."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modeling.market import Lines
from modeling.metrics import Probabilities, is_told, measure
from modeling.walk_forward import Walk

BASE_RATES, MARKET_OPEN, MARKET_CLOSE = "base_rates", "market_open", "market_close"
DECIMALS = 5


@dataclass(frozen=True)
class Comparison:
    """The figures of everybody on the same matches of a period."""

    period: str
    matches: int
    scores: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Comparisons:
    """Over all matches, by season and by month."""

    overall: Comparison
    seasons: list[Comparison]
    months: list[Comparison]


def of_all_matches(walk: Walk) -> Comparisons | None:
    """Models and base rates, on the matches of which all of these models said something; None of none."""
    return _comparisons(walk, {**walk.told, BASE_RATES: walk.rates})


def of_matches_with_odds(walk: Walk, lines: Lines) -> Comparisons | None:
    """The same beside the opening and the closing line, on the matches that have both; None of none.

    `lines` are of the matches of the walk, in its order.
    """
    market = {MARKET_OPEN: lines.opening, MARKET_CLOSE: lines.closing}
    return _comparisons(walk, {**walk.told, BASE_RATES: walk.rates, **market})


def _comparisons(walk: Walk, told: Mapping[str, Probabilities]) -> Comparisons | None:
    common = np.logical_and.reduce([is_told(probabilities) for probabilities in told.values()])
    if not common.any():
        return None
    matches, outcomes = walk.examples.matches[common], walk.examples.outcomes[common]
    of_common = {name: probabilities[common] for name, probabilities in told.items()}

    def compared(period: str, where: NDArray[np.bool_]) -> Comparison:
        figures = {name: measure(one[where], outcomes[where]) for name, one in of_common.items()}
        scores = {
            name: {key: round(value, DECIMALS) for key, value in one.as_dict().items() if key != "matches"}
            for name, one in figures.items()
        }
        return Comparison(period, int(where.sum()), scores)

    def by(periods: pd.Series) -> list[Comparison]:
        return [compared(str(one), (periods == one).to_numpy()) for one in periods.drop_duplicates()]

    everything = np.ones(len(matches), dtype=bool)
    overall = compared("all", everything)
    return Comparisons(overall, by(matches["season"]), by(matches["kickoff_at"].dt.strftime("%Y-%m")))
