"""What somebody says of the test, by what was known before each match."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np

from bench.models.contest import Contest
from bench.models.stopwatch import Stopwatch
from modeling.backtest import known_at, stretches
from modeling.examples import Examples
from modeling.metrics import Probabilities


class Predictor(Protocol):
    def predict_proba(self, examples: Examples) -> Probabilities: ...


@dataclass(frozen=True)
class Told:
    """Home, draw, away of the window, shape (n, 3), NaN where nothing was said; and the time that it took."""

    probabilities: Probabilities
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    fits: int = 0


def walk_forward(fit: Callable[[Examples], Predictor], asked: Contest, stale_after: timedelta | None) -> Told:
    """Fits on what was known when the test began, and again whenever the last fit is stale."""
    kickoff = asked.examples.matches["kickoff_at"]
    fitting, predicting = Stopwatch(), Stopwatch()
    parts = []
    for stretch in stretches(kickoff, asked.window, stale_after):
        known, now = known_at(asked.examples, kickoff.iloc[stretch.start]), asked.examples.part(stretch)
        with fitting:
            fitted = fit(known)
        with predicting:
            parts.append(fitted.predict_proba(now))
    return Told(np.concatenate(parts), fitting.seconds, predicting.seconds, len(parts))
