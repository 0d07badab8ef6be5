"""Multinomial logit on the opening prices, their usual moves and the clubs' strengths. Kept as plain JSON."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Outcomes, Probabilities
from modeling.model import Calibrated, inputs, where_known

FORMAT = "matchday.market_logit/1"
OPENING = ("market_home_log_odds", "market_away_log_odds")
CORRECTIONS = (
    "market_home_move",
    "market_away_move",
    "strength_home_log_odds",
    "strength_away_log_odds",
)
# A weight is drawn to nothing, where the opening line speaks for itself, as if by so many matches.
PRIOR_MATCHES = 100.0

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MarketLogit:
    """ln P = ln(opening line) + weights x corrections, one column of weights for home and one for away.

    The strengths come in as their difference to the line: what the market does not know of the goals.
    """

    name: ClassVar[str] = "market_logit"
    artifact_format: ClassVar[str] = "json"
    reads_odds: ClassVar[bool] = True
    stale_after: ClassVar[timedelta | None] = None

    weights: list[list[float]]
    features: tuple[str, ...] = OPENING + CORRECTIONS

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        line, corrections = _split(inputs(examples.with_market, OPENING + CORRECTIONS))
        start = np.zeros(corrections.shape[1] * 2)
        found = minimize(
            _loss, start, args=(line, corrections, examples.outcomes), jac=True, method="L-BFGS-B"
        )
        return cls(found.x.reshape(-1, 2).tolist())

    def predict_proba(self, examples: Examples) -> Probabilities:
        return where_known(examples, self._predict)

    def importance(self) -> dict[str, float]:
        """The size of each weight; the line itself counts as 1 for each side."""
        sizes = [1.0, 1.0, *np.abs(self.weights)[: len(CORRECTIONS)].sum(axis=1).tolist()]
        return dict(zip(self.features, (np.array(sizes) / sum(sizes)).tolist(), strict=True))

    def parameters(self) -> dict[str, Any]:
        return {"weights": dict(zip((*CORRECTIONS, "constant"), self.weights, strict=True))}

    def to_bytes(self, calibration: Calibration) -> bytes:
        return written_document(FORMAT, asdict(self), calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        if len(document.weights) != len(CORRECTIONS) + 1 or document.features != OPENING + CORRECTIONS:
            raise ArtifactUnusable(f"not a consistent {FORMAT} document")
        fitted = MarketLogit([list(row) for row in document.weights], document.features)
        return Calibrated(fitted, document.calibration.value)

    def _predict(self, examples: Examples) -> Probabilities:
        line, corrections = _split(inputs(examples.with_market, self.features))
        return np.asarray(softmax(_scores(np.array(self.weights), line, corrections), axis=1))


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    weights: list[tuple[float, float]]
    features: tuple[str, ...]


def _split(values: Values) -> tuple[Values, Values]:
    """The line's log odds (n, 2), and the corrections with a constant (n, 5)."""
    line = values[:, :2]
    beyond_the_line = values[:, 4:6] - line
    return line, np.column_stack([values[:, 2:4], beyond_the_line, np.ones(len(values))])


def _scores(weights: Values, line: Values, corrections: Values) -> Values:
    home, away = (line + corrections @ weights).T
    return np.column_stack([home, np.zeros(len(line)), away])


def _loss(x: Values, line: Values, corrections: Values, outcomes: Outcomes) -> tuple[float, Values]:
    """Minus the log likelihood and the pull to nothing, with its gradient."""
    scores = _scores(x.reshape(-1, 2), line, corrections)
    logs = log_softmax(scores, axis=1)
    excess = np.exp(logs) - np.eye(len(OUTCOMES))[outcomes]
    gradient = (corrections.T @ excess[:, [0, 2]]).reshape(-1)
    value = -logs[np.arange(len(outcomes)), outcomes].sum()
    return float(value + PRIOR_MATCHES / 2 * x @ x), gradient + PRIOR_MATCHES * x
