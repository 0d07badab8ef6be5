"""What is asked of everybody: the matches, what was known before each, and those that judge."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.models.folder import Folder
from bench.models.stopwatch import Stopwatch
from modeling.backtest import known_at
from modeling.examples import Examples
from modeling.market import lines, market_features, with_closing_line
from modeling.metrics import Outcomes
from sports.football.features import match_features


class CannotJudge(Exception):
    """There is nothing to judge the models by."""


@dataclass(frozen=True)
class Contest:
    """The matches in the order of kick-off with their odds; those from `began_at` on are the test's window.

    `asked` tells which of the window judge: those of the test's seasons that were played.
    """

    examples: Examples
    odds: pd.DataFrame
    window: slice
    asked: NDArray[np.bool_]
    feature_seconds: float

    @property
    def began_at(self) -> datetime:
        began_at: datetime = self.examples.matches["kickoff_at"].iloc[self.window.start].to_pydatetime()
        return began_at

    @property
    def past(self) -> Examples:
        """What the learned models are fitted on: all whose result was known when the test began."""
        return known_at(self.examples, pd.Timestamp(self.began_at))

    @property
    def tested(self) -> pd.DataFrame:
        """The matches of the window."""
        return self.examples.matches.iloc[self.window]

    @property
    def outcomes(self) -> Outcomes:
        """Of the window; 0 where nobody is asked."""
        difference = (self.tested["home_goals"] - self.tested["away_goals"]).to_numpy(dtype=np.float64)
        return np.asarray(1 - np.sign(np.where(self.asked, difference, 1.0)), dtype=np.int64)


def contest(folder: Folder, season: str) -> Contest:
    """The test begins with the first match of the season. Raises CannotJudge."""
    matches = folder.matches
    of_test = matches["season"] >= season
    if season not in set(matches["season"]):
        raise CannotJudge(_no_such_season(matches, season))
    if not (of_test & matches["home_goals"].notna()).any():
        raise CannotJudge(f"no match of {season} or later has a result")
    watch = Stopwatch()
    with watch:
        known = lines(folder.odds)
        market, ended = market_features(matches, known), with_closing_line(matches, known)
        examples = Examples(ended, match_features(matches), market).in_order()
    ordered = examples.matches
    start = int(np.argmax((ordered["season"] >= season).to_numpy()))
    window = slice(start, len(ordered))
    return Contest(
        examples=examples,
        odds=folder.odds.loc[ordered.index],
        window=window,
        asked=((ordered["season"] >= season) & examples.played).to_numpy()[window],
        feature_seconds=watch.seconds,
    )


def _no_such_season(matches: pd.DataFrame, season: str) -> str:
    if matches.empty:
        return "no line of the files is a match"
    return (
        f"no match of the season {season}: there are {matches['season'].min()} to {matches['season'].max()}"
    )
