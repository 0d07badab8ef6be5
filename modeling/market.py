"""What the bookmakers' prices say of a match, as features; and how far they tell more until it starts.

Only the opening prices of the match itself are read, and the opening and closing ones of earlier matches.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from betting.overround import power
from modeling.metrics import OUTCOMES
from sports.football.line_moves import expected_moves
from sports.football.match_arrays import MatchArrays, kickoff_order

OPENING = tuple(f"open_{price}" for price in OUTCOMES)
CLOSING = tuple(f"close_{price}" for price in OUTCOMES)
COLUMNS = ("market_home_log_odds", "market_away_log_odds", "market_home_move", "market_away_move")

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """The probabilities in the opening and closing prices of each match (n, 3), NaN where there were none."""

    opening: Values
    closing: Values

    def at(self, position: NDArray[np.int64]) -> "Lines":
        """Those of the matches at these places."""
        return Lines(self.opening[position], self.closing[position])


def lines(odds: pd.DataFrame) -> Lines:
    """Of decimal odds in the columns OPENING and CLOSING, the margin removed by the power method."""
    opening, closing = (odds[list(names)].to_numpy(dtype=np.float64) for names in (OPENING, CLOSING))
    return Lines(probabilities(opening), probabilities(closing))


def market_features(matches: pd.DataFrame, known: Lines) -> pd.DataFrame:
    """COLUMNS for every match: the log odds of home and away against a draw that the opening prices hold, and
    how far the prices of the two clubs' earlier matches moved until kick-off.

    Indexed as the matches; all NaN where a match has no opening price.
    """
    position = kickoff_order(matches)
    opening, closing = log_odds(known.opening[position]), log_odds(known.closing[position])
    moves = expected_moves(
        MatchArrays.of(matches.iloc[position]), opening[:, 0] - opening[:, 1], closing[:, 0] - closing[:, 1]
    )
    values = np.column_stack([opening, moves])
    values[~np.isfinite(opening).all(axis=1)] = np.nan
    frame = pd.DataFrame(values, columns=list(COLUMNS), index=matches.index[position])
    return frame.iloc[np.argsort(position)]


def last_line(matches: pd.DataFrame, known: Lines) -> pd.DataFrame:
    """The market's last probabilities of each match (home, draw, away), by its number: the closing line, else
    the opening one, else NaN.
    """
    closed = np.isfinite(known.closing).all(axis=1, keepdims=True)
    values = np.where(closed, known.closing, known.opening)
    return pd.DataFrame(values, columns=list(OUTCOMES), index=matches["match_id"].to_numpy())


def probabilities(prices: Values) -> Values:
    """In decimal odds (n, 3), the margin removed by the power method; NaN where a price is missing."""
    known = np.isfinite(prices).all(axis=1)
    found = np.full(prices.shape, np.nan)
    if known.any():
        found[known] = power(prices[known])
    return found


def log_odds(of: Values) -> Values:
    """ln(home/draw) and ln(away/draw), shape (n, 2)."""
    logs = np.log(of)
    return np.asarray(logs[:, [0, 2]] - logs[:, [1]])
