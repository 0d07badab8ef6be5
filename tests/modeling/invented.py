"""Examples to learn from: an invented league with its features, and bookmakers who know its clubs."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modeling.examples import Examples
from modeling.market import CLOSING, COLUMNS, OPENING, lines, market_features, with_closing_line
from sports.football.features import match_features
from tests.sports.league import invented_league

OVERROUND = 1.06


def examples_of(matches: pd.DataFrame, odds: pd.DataFrame | None = None) -> Examples:
    """The examples of matches; without odds, as where no bookmaker was read."""
    prices = no_odds(matches) if odds is None else odds
    known = lines(prices)
    ended = with_closing_line(matches, known)
    return Examples(ended, match_features(matches), market_features(matches, known)).in_order()


def no_market(matches: pd.DataFrame) -> pd.DataFrame:
    """The market features where there are no odds."""
    return pd.DataFrame(np.nan, index=matches.index, columns=list(COLUMNS))


def no_odds(matches: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.nan, index=matches.index, columns=[*OPENING, *CLOSING])


def invented_odds(matches: pd.DataFrame, seed: int = 11) -> pd.DataFrame:
    """Of bookmakers who know how strong each club of an invented league is, and nearly say so."""
    random = np.random.default_rng(seed)
    clubs = matches["home_team"].nunique()
    number = {
        side: matches[f"{side}_team"].str.removeprefix("Club ").astype(int) for side in ("home", "away")
    }
    edge = 2.2 * (number["away"] - number["home"]) / clubs + 0.25
    columns: dict[str, NDArray[np.float64]] = {}
    for names, noise in ((OPENING, 0.15), (CLOSING, 0.05)):
        seen = edge + random.normal(0, noise, len(matches))
        weights = np.exp(np.column_stack([seen, np.full(len(matches), -0.3), -seen]))
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        columns |= dict(zip(names, (1 / (OVERROUND * probabilities)).T, strict=True))
    return pd.DataFrame(columns, index=matches.index)


MATCHES = invented_league(clubs=12, seasons=5)
WITHOUT_ODDS = examples_of(MATCHES)
WITH_ODDS = examples_of(MATCHES, invented_odds(MATCHES))
