"""What the bookmakers' prices say of a match, as features; and how far they tell more until it starts.

Only the opening prices of the match itself are read, and the opening and closing ones of earlier matches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from betting.overround import power
from modeling.examples import CLOSING_LINE, Examples
from modeling.metrics import OUTCOMES, Probabilities, is_told
from sports.football.line_ratings import MOVES, PRICES, reliability, usual
from sports.football.match_arrays import MatchArrays, kickoff_order

OPENING = tuple(f"open_{price}" for price in OUTCOMES)
CLOSING = tuple(f"close_{price}" for price in OUTCOMES)
COLUMNS = (
    "market_home_log_odds",
    "market_away_log_odds",
    "market_home_surprise",
    "market_away_surprise",
    "market_home_move",
    "market_away_move",
)
# Beside that of a closing line.
WEIGHT_OF_A_RESULT = 0.01

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """The probabilities in the opening and closing prices of each match (n, 3), NaN where there were none."""

    opening: Values
    closing: Values

    def at(self, position: NDArray[np.int64]) -> "Lines":
        """Those of the matches at these places."""
        return Lines(self.opening[position], self.closing[position])


def lines(odds: pd.DataFrame, without_margin: Callable[[Values], Values] = power) -> Lines:
    """Of decimal odds in the columns OPENING and CLOSING, the margin removed as `betting.overround` does."""
    opening, closing = (odds[list(names)].to_numpy(dtype=np.float64) for names in (OPENING, CLOSING))
    return Lines(probabilities(opening, without_margin), probabilities(closing, without_margin))


def with_closing_line(matches: pd.DataFrame, known: Lines) -> pd.DataFrame:
    """The matches with what their closing prices said (CLOSING_LINE)."""
    return matches.assign(**dict(zip(CLOSING_LINE, known.closing.T, strict=True)))


def market_features(matches: pd.DataFrame, known: Lines) -> pd.DataFrame:
    """COLUMNS for every match, each of home and away against a draw: the log odds in its opening prices; how
    much higher such odds usually are, by the opening prices of both clubs' earlier matches; and how far they
    usually rose until kick-off. The last two are nearer to 0 the fewer matches tell.

    Indexed as the matches; all NaN where a match has no opening price.
    """
    position = kickoff_order(matches)
    ordered = MatchArrays.of(matches.iloc[position])
    opening, closing = log_odds(known.opening[position]), log_odds(known.closing[position])
    first, moves = _figures(opening), _figures(closing) - _figures(opening)
    surprise = (usual(ordered, first, PRICES) - first) * reliability(ordered, first)[:, None]
    move = usual(ordered, moves, MOVES) * reliability(ordered, moves)[:, None]
    values = np.column_stack([opening, _sides(surprise), _sides(move)])
    values[~np.isfinite(opening).all(axis=1)] = np.nan
    frame = pd.DataFrame(values, columns=list(COLUMNS), index=matches.index[position])
    return frame.iloc[np.argsort(position)]


def to_learn(examples: Examples) -> tuple[Probabilities, Values]:
    """What models that read odds are fitted to, and its weight, shapes (n, 3) and (n,).

    That is the closing line, which says of one match what results say only of a hundred; the result, with so
    much less weight, of a match that has none.
    """
    closing = examples.closing
    known = is_told(closing)
    happened = np.eye(len(OUTCOMES))[examples.outcomes]
    return np.where(known[:, None], closing, happened), np.where(known, 1.0, WEIGHT_OF_A_RESULT)


def last_line(matches: pd.DataFrame, known: Lines) -> pd.DataFrame:
    """The market's last probabilities of each match (home, draw, away), by its number: the closing line, else
    the opening one, else NaN.
    """
    closed = np.isfinite(known.closing).all(axis=1, keepdims=True)
    values = np.where(closed, known.closing, known.opening)
    return pd.DataFrame(values, columns=list(OUTCOMES), index=matches["match_id"].to_numpy())


def probabilities(prices: Values, without_margin: Callable[[Values], Values] = power) -> Values:
    """In decimal odds (n, 3), the margin removed; NaN where a price is missing."""
    known = np.isfinite(prices).all(axis=1)
    found = np.full(prices.shape, np.nan)
    if known.any():
        found[known] = without_margin(prices[known])
    return found


def log_odds(of: Values) -> Values:
    """ln(home/draw) and ln(away/draw), shape (n, 2)."""
    logs = np.log(of)
    return np.asarray(logs[:, [0, 2]] - logs[:, [1]])


def _figures(odds: Values) -> Values:
    """Of log odds of home and away (n, 2) their difference and their sum."""
    return np.column_stack([odds[:, 0] - odds[:, 1], odds[:, 0] + odds[:, 1]])


def _sides(figures: Values) -> Values:
    """The log odds of home and away of these figures."""
    return np.column_stack([figures[:, 1] + figures[:, 0], figures[:, 1] - figures[:, 0]]) / 2
