"""Ordered logit on the clubs' Elo difference: the simple model that others must beat. Kept as plain JSON."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.metrics import Outcomes, Probabilities
from modeling.model import Calibrated, inputs

FORMAT = "matchday.elo_logit/1"
FEATURES = ("elo_difference", "league_home_wins", "league_draws")
HOME, DRAW, AWAY = range(3)
SMALLEST = 1e-12
# Keeps the fit finite where a window holds no away win, say. Too weak to be seen in real leagues.
RIDGE = 1e-4

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class EloLogit:
    """P(away) = L(low - s), P(not home) = L(high - s), with s the weighted sum of the standardised features
    and L the logistic function: the proportional-odds model of McCullagh (1980).
    """

    name: ClassVar[str] = "elo_logit"
    artifact_format: ClassVar[str] = "json"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = None

    means: list[float]
    scales: list[float]
    weights: list[float]
    low: float
    high: float
    features: tuple[str, ...] = FEATURES

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        values, outcomes = inputs(examples.features, FEATURES), examples.outcomes
        means, scales = values.mean(axis=0), values.std(axis=0)
        scales[scales < SMALLEST] = 1.0
        standard = (values - means) / scales
        start = np.concatenate([np.zeros(len(FEATURES)), [-1.0, 0.0]])
        found = minimize(_loss, start, args=(standard, outcomes), jac=True, method="L-BFGS-B").x
        low, high = _thresholds(found)
        return cls(means.tolist(), scales.tolist(), found[:-2].tolist(), float(low), float(high))

    def predict_proba(self, examples: Examples) -> Probabilities:
        standard = (inputs(examples.features, self.features) - self.means) / self.scales
        score = standard @ np.array(self.weights)
        away, not_home = expit(self.low - score), expit(self.high - score)
        return np.column_stack([1 - not_home, not_home - away, away])

    def importance(self) -> dict[str, float]:
        """The size of each standardised weight."""
        sizes = np.abs(self.weights)
        total = sizes.sum() or 1.0
        return dict(zip(self.features, (sizes / total).tolist(), strict=True))

    def parameters(self) -> dict[str, Any]:
        return {
            "weights": dict(zip(self.features, self.weights, strict=True)),
            "low": self.low,
            "high": self.high,
        }

    def to_bytes(self, calibration: Calibration) -> bytes:
        return written_document(FORMAT, asdict(self), calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        return read_document(_Document, FORMAT, artifact).model()


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    means: list[float]
    scales: list[float]
    weights: list[float]
    low: float
    high: float
    features: tuple[str, ...]

    def model(self) -> Calibrated:
        lengths = {len(self.means), len(self.scales), len(self.weights), len(self.features)}
        if len(lengths) != 1 or self.low > self.high or 0.0 in self.scales:
            raise ArtifactUnusable(f"not a consistent {FORMAT} document")
        fitted = EloLogit(self.means, self.scales, self.weights, self.low, self.high, self.features)
        return Calibrated(fitted, self.calibration.value)


def _thresholds(x: Numbers) -> tuple[float, float]:
    # The distance of the two is kept positive by its logarithm.
    return x[-2], x[-2] + np.exp(x[-1])


def _loss(x: Numbers, standard: Numbers, outcomes: Outcomes) -> tuple[float, Numbers]:
    """Mean log loss of the ordered logit and its gradient by weights, low threshold and log distance."""
    weights, (low, high) = x[:-2], _thresholds(x)
    score = standard @ weights
    away, not_home = expit(low - score), expit(high - score)
    given = np.choose(outcomes, [1 - not_home, not_home - away, away]).clip(SMALLEST, 1)
    slope_low, slope_high = away * (1 - away), not_home * (1 - not_home)
    by_low = np.choose(outcomes, [np.zeros_like(score), -slope_low, slope_low]) / given
    by_high = np.choose(outcomes, [-slope_high, slope_high, np.zeros_like(score)]) / given
    by_score = -(by_low + by_high)
    gradient = np.concatenate(
        [standard.T @ by_score, [(by_low + by_high).sum(), (by_high * np.exp(x[-1])).sum()]]
    ) / -len(outcomes)
    gradient[:-2] += 2 * RIDGE * weights
    return float(-np.log(given).mean() + RIDGE * weights @ weights), gradient
