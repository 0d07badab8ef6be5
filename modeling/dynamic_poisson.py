"""Goals of both sides from the clubs' changing strengths: a score for every match. Kept as plain JSON."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from scipy.optimize import minimize

from modeling.calibration import Calibration
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.metrics import SMALLEST, Probabilities
from modeling.model import Calibrated, inputs
from sports.football.scores import USUAL_RHO, allowed_rho, low_score_factors, outcomes, score_matrix

FORMAT = "matchday.dynamic_poisson/1"
FEATURES = ("strength_home_goals", "strength_away_goals")
# Pull towards the usual figures with the weight of so many matches.
PRIOR_MATCHES = 500.0
RHO_BOUNDS, SCALE_BOUNDS = (-0.3, 0.15), (0.8, 1.25)


@dataclass(frozen=True)
class DynamicPoisson:
    """Poisson goals whose expectation the strengths give, each side's scaled, low scores corrected by rho.

    Rue and Salvesen (2000); the correction of Dixon and Coles (1997).
    """

    name: ClassVar[str] = "dynamic_poisson"
    artifact_format: ClassVar[str] = "json"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = None

    rho: float
    home_scale: float
    away_scale: float
    features: tuple[str, ...] = FEATURES

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        home, away = inputs(examples.features, FEATURES).T
        scored = examples.matches[["home_goals", "away_goals"]].to_numpy(dtype=np.float64)
        start = np.array([USUAL_RHO, 1.0, 1.0])
        bounds = (RHO_BOUNDS, SCALE_BOUNDS, SCALE_BOUNDS)
        found = minimize(_loss, start, args=(home, away, scored), method="L-BFGS-B", bounds=bounds).x
        return cls(*found.tolist())

    def predict_proba(self, examples: Examples) -> Probabilities:
        return outcomes(self.scores(examples))

    def scores(self, examples: Examples) -> Probabilities:
        """P(score) of every match, shape (n, 16, 16)."""
        home, away = inputs(examples.features, self.features).T
        return score_matrix(home * self.home_scale, away * self.away_scale, self.rho)

    def importance(self) -> dict[str, float]:
        return dict.fromkeys(self.features, 1 / len(self.features))

    def parameters(self) -> dict[str, Any]:
        return {"rho": self.rho, "home_scale": self.home_scale, "away_scale": self.away_scale}

    def to_bytes(self, calibration: Calibration) -> bytes:
        return written_document(FORMAT, asdict(self), calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        fitted = DynamicPoisson(document.rho, document.home_scale, document.away_scale, document.features)
        return Calibrated(fitted, document.calibration.value)


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    rho: float
    home_scale: float
    away_scale: float
    features: tuple[str, str]


def _loss(x: Probabilities, home: Probabilities, away: Probabilities, scored: Probabilities) -> float:
    """Minus the log likelihood of the scores, with the pull towards the usual figures."""
    rho, home_scale, away_scale = x
    home, away = home * home_scale, away * away_scale
    likelihood = scored[:, 0] * np.log(home) - home + scored[:, 1] * np.log(away) - away
    low = (scored <= 1).all(axis=1)
    factors = low_score_factors(home[low], away[low], allowed_rho(home[low], away[low], rho))
    goals = scored[low].astype(np.int64)
    given = factors[np.arange(len(goals)), goals[:, 0], goals[:, 1]]
    pull = PRIOR_MATCHES / 2 * ((rho - USUAL_RHO) ** 2 + (home_scale - 1) ** 2 + (away_scale - 1) ** 2)
    return float(pull - likelihood.sum() - np.log(np.clip(given, SMALLEST, None)).sum())
