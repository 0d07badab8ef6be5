"""How good probabilities of home, draw and away were, measured on matches that were played.

Outcomes are 0 (home), 1 (draw), 2 (away); probabilities have one row a match and these three columns.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

OUTCOMES = ("home", "draw", "away")
SMALLEST = 1e-15
CONFIDENCE_BINS = 10

Probabilities = NDArray[np.float64]
Outcomes = NDArray[np.int64]


@dataclass(frozen=True)
class Metrics:
    """The figures of one set of probabilities over `matches` matches; lower is better but for accuracy."""

    matches: int
    log_loss: float
    brier: float
    rps: float
    accuracy: float
    ece: float

    def as_dict(self, prefix: str = "") -> dict[str, float]:
        return {prefix + name: float(value) for name, value in asdict(self).items()}


def measure(probabilities: Probabilities, outcomes: Outcomes) -> Metrics:
    """All figures at once. Raises ValueError if these are no probabilities of these outcomes."""
    _check(probabilities, outcomes)
    return Metrics(
        matches=len(outcomes),
        log_loss=log_loss(probabilities, outcomes),
        brier=brier(probabilities, outcomes),
        rps=rps(probabilities, outcomes),
        accuracy=accuracy(probabilities, outcomes),
        ece=ece(probabilities, outcomes),
    )


def measure_played(told: Sequence[tuple[float, float, float]], goals: Sequence[tuple[int, int]]) -> Metrics:
    """As `measure`, of matches that ended with these goals of home and away. Raises ValueError."""
    ahead = [home - away for home, away in goals]
    return measure(np.array(told), 1 - np.sign(ahead))


def log_loss(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """Mean of -ln(probability given to what happened): the logarithmic score of Good (1952).

    A uniform guess has ln 3 = 1.0986. A probability of zero counts as 1e-15.
    """
    return float(losses(probabilities, outcomes).mean())


def losses(probabilities: Probabilities, outcomes: Outcomes) -> NDArray[np.float64]:
    """Of each match what log_loss is the mean of, shape (n,)."""
    given = probabilities[np.arange(len(outcomes)), outcomes]
    return np.asarray(-np.log(np.clip(given, SMALLEST, 1.0)))


def is_told(probabilities: Probabilities) -> NDArray[np.bool_]:
    """Whether there are probabilities of a match at all, shape (n,): where nothing was said they are NaN."""
    return np.asarray(np.isfinite(probabilities).all(axis=1))


def brier(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """Mean squared distance to what happened, summed over the three classes (0 to 2): Brier (1950)."""
    return float(((probabilities - _one_hot(outcomes)) ** 2).sum(axis=1).mean())


def rps(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """Ranked probability score of the ordered outcomes home, draw, away, divided by 2 (0 to 1).

    Epstein (1969); in football since Constantinou and Fenton (2012). A home win called a draw is
    less wrong than one called an away win.
    """
    distance = np.cumsum(probabilities - _one_hot(outcomes), axis=1)[:, :-1]
    return float((distance**2).sum(axis=1).mean() / (len(OUTCOMES) - 1))


def accuracy(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """Share of matches whose most probable outcome happened; of equal ones the first counts."""
    return float((probabilities.argmax(axis=1) == outcomes).mean())


def ece(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """Expected calibration error: how far the confidence of the pick is from how often it is right.

    Mean distance over ten equal bins of confidence, weighted by their matches: Naeini et al. (2015),
    Guo et al. (2017).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == outcomes
    gaps = np.bincount(confidence_bins(confidence), weights=right - confidence, minlength=CONFIDENCE_BINS)
    return float(np.abs(gaps).sum() / len(outcomes))


def confidence_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each confidence, shape (n,)."""
    return np.minimum((confidence * CONFIDENCE_BINS).astype(np.int64), CONFIDENCE_BINS - 1)


def _one_hot(outcomes: Outcomes) -> Probabilities:
    return np.eye(len(OUTCOMES))[outcomes]


def _check(probabilities: Probabilities, outcomes: Outcomes) -> None:
    if probabilities.shape != (len(outcomes), len(OUTCOMES)) or len(outcomes) == 0:
        raise ValueError(f"{len(outcomes)} outcomes need as many rows of three probabilities, at least one")
    if not np.isin(outcomes, range(len(OUTCOMES))).all():
        raise ValueError("an outcome is 0 (home), 1 (draw) or 2 (away)")
    sums_to_one = np.abs(probabilities.sum(axis=1) - 1) < 1e-6
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and sums_to_one.all()):
        raise ValueError("the rows must be probabilities: finite, not negative, adding up to 1")
