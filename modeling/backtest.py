"""Walks forward through past matches: what a model would have said of each by what was known then."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.model import Model

# Each third of a window that spans years is asked of another fit: nearer to how often they are made.
FOLDS = 3
SHORTEST_FOLD = timedelta(days=365)
UNTIL_SETTLED, PLENTY = pd.Timedelta(days=700), pd.Timedelta(days=5 * 365)


def out_of_sample(
    kind: type[Model], examples: Examples, window: slice, refit: timedelta | None = None
) -> Probabilities:
    """Home, draw, away of the matches in the window, shape (n, 3), by models fitted on what was known before.

    The matches are in the order of kick-off. Another model is fitted for each stretch of time that begins
    when the last one is stale, or after `refit`; NaN where the model needs odds and there were none.
    """
    found = np.full((window.stop - window.start, len(OUTCOMES)), np.nan)
    for stretch in stretches(examples.matches["kickoff_at"], window, refit or kind.stale_after):
        fitted = fit(kind, known_at(examples, examples.matches["kickoff_at"].iloc[stretch.start]))
        inside = slice(stretch.start - window.start, stretch.stop - window.start)
        found[inside] = fitted.predict_proba(examples.part(stretch))
    return found


def fold_by_fold(kind: type[Model], examples: Examples, window: slice) -> Probabilities:
    """As out_of_sample, with another fit for each third of the window, but none for less than a year."""
    kickoff = examples.matches["kickoff_at"]
    span = (kickoff.iloc[window.stop - 1] - kickoff.iloc[window.start]).to_pytimedelta()
    length = max(span / FOLDS + timedelta(days=1), SHORTEST_FOLD)
    parts = [out_of_sample(kind, examples, stretch) for stretch in stretches(kickoff, window, length)]
    return np.concatenate(parts) if parts else np.empty((0, len(OUTCOMES)))


def fit(kind: type[Model], examples: Examples) -> Model:
    """The model of those of the matches that it can learn from."""
    settled = examples.where(_settled(examples.matches))
    return kind.fit(settled.where(settled.with_odds) if kind.reads_odds else settled)


def known_at(examples: Examples, moment: pd.Timestamp) -> Examples:
    """The matches whose results were known by then."""
    return examples.where(examples.played & (examples.matches["result_known_at"] <= moment))


def stretches(kickoff_at: pd.Series, window: slice, length: timedelta | None) -> Sequence[slice]:
    """The window cut into stretches of time; matches of one moment stay together."""
    if window.start >= window.stop:
        return []
    if length is None:
        return [window]
    since = kickoff_at.iloc[window] - kickoff_at.iloc[window.start]
    number = (since // pd.Timedelta(length)).to_numpy()
    cuts = [window.start, *(np.flatnonzero(np.diff(number)) + 1 + window.start).tolist(), window.stop]
    return [slice(start, stop) for start, stop in pairwise(cuts)]


def _settled(matches: pd.DataFrame) -> pd.Series:
    """All matches but the first of each league that has plenty: there the ratings were still guesses."""
    leagues = matches.groupby("league_code")["kickoff_at"]
    first, last = leagues.transform("min"), leagues.transform("max")
    return (last - first < PLENTY) | (matches["kickoff_at"] >= first + UNTIL_SETTLED)
