"""Matches with what was known of each before it started: what models are fitted on and asked about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from modeling.metrics import OUTCOMES, Outcomes, Probabilities
from sports.football.match_arrays import kickoff_order

CLOSING_LINE = tuple(f"close_{outcome}_probability" for outcome in OUTCOMES)


@dataclass(frozen=True)
class Examples:
    """Three frames with one row a match and the same index.

    `matches` names the match (league_code, season, kickoff_at, home_team, away_team) and how it ended
    (home_goals, away_goals; NaN while not known), and may tell what its closing prices said (CLOSING_LINE),
    which is learnt from as results are. `features` are always finite numbers. `market` are those that come
    from odds: NaN where there were none.
    """

    matches: pd.DataFrame
    features: pd.DataFrame
    market: pd.DataFrame

    def __len__(self) -> int:
        return len(self.matches)

    def part(self, window: slice) -> "Examples":
        return Examples(self.matches.iloc[window], self.features.iloc[window], self.market.iloc[window])

    def where(self, wanted: pd.Series) -> "Examples":
        return Examples(self.matches[wanted], self.features[wanted], self.market[wanted])

    def numbered(self, match_ids: Sequence[int]) -> "Examples":
        """The matches with these numbers, in their order. Raises KeyError if one is missing."""
        index = pd.Series(self.matches.index, index=self.matches["match_id"]).loc[list(match_ids)]
        return Examples(self.matches.loc[index], self.features.loc[index], self.market.loc[index])

    def in_order(self) -> "Examples":
        """In the order of kick-off."""
        position = kickoff_order(self.matches)
        return Examples(self.matches.iloc[position], self.features.iloc[position], self.market.iloc[position])

    @property
    def played(self) -> pd.Series:
        """Whether the result is known."""
        return self.matches["home_goals"].notna() & self.matches["away_goals"].notna()

    @property
    def with_odds(self) -> pd.Series:
        """Whether everything that comes from odds is known."""
        return self.market.notna().all(axis="columns")

    @property
    def closing(self) -> Probabilities:
        """The closing line: home, draw, away (n, 3), NaN where there was none."""
        return self.matches.reindex(columns=list(CLOSING_LINE)).to_numpy(dtype=np.float64)

    @property
    def with_market(self) -> pd.DataFrame:
        """The columns of the market, then those of the features."""
        return self.market.join(self.features)

    @property
    def outcomes(self) -> Outcomes:
        """0 home, 1 draw, 2 away. Raises ValueError if a result is not known."""
        difference = (self.matches["home_goals"] - self.matches["away_goals"]).to_numpy(dtype=np.float64)
        if not np.isfinite(difference).all():
            raise ValueError("a match without a result has no outcome")
        return np.asarray(1 - np.sign(difference), dtype=np.int64)
