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
from modeling.market import to_learn
from modeling.metrics import Probabilities
from modeling.model import Calibrated, inputs, where_known

FORMAT = "matchday.market_logit/1"
OPENING = ("market_home_log_odds", "market_away_log_odds")
BEYOND_THE_LINE = (
    "market_home_surprise",
    "market_away_surprise",
    "market_home_move",
    "market_away_move",
)
STRENGTHS = ("strength_home_log_odds", "strength_away_log_odds")
SEASON = "season_progress"
FEATURES = (*OPENING, *BEYOND_THE_LINE, *STRENGTHS, SEASON)
CORRECTIONS = (*BEYOND_THE_LINE, *STRENGTHS, "constant")
# When little is left to play for prices follow other rules, more so to the end.
LATE_FROM = 0.7
# A weight is drawn to nothing, where the opening line speaks for itself, as if by so many closing lines.
PRIOR_MATCHES = 1.0

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MarketLogit:
    """ln P = ln(opening line) + weights x corrections, one column of weights for home and one for away.

    The strengths come in as their difference to the line: what the market does not know of the goals. Each
    correction counts twice: all season long, and growing to its end. Fitted to the closing line.
    """

    name: ClassVar[str] = "market_logit"
    artifact_format: ClassVar[str] = "json"
    reads_odds: ClassVar[bool] = True
    stale_after: ClassVar[timedelta | None] = None

    weights: list[list[float]]
    features: tuple[str, ...] = FEATURES

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        line, corrections = _split(inputs(examples.with_market, FEATURES))
        start = np.zeros(corrections.shape[1] * 2)
        found = minimize(
            _loss, start, args=(line, corrections, *to_learn(examples)), jac=True, method="L-BFGS-B"
        )
        return cls(found.x.reshape(-1, 2).tolist())

    def predict_proba(self, examples: Examples) -> Probabilities:
        return where_known(examples, self._predict)

    @property
    def is_sound(self) -> bool:
        """Whether there is a weight for every correction, and they are of the features that are read."""
        return len(self.weights) == 2 * len(CORRECTIONS) and self.features == FEATURES

    def importance(self) -> dict[str, float]:
        """The size of each feature's weights; the line itself counts as 1 for each side."""
        all_season, growing = np.abs(self.weights).sum(axis=1).reshape(2, -1)
        sizes = [1.0, 1.0, *(all_season + growing)[:-1].tolist(), growing.sum()]
        return dict(zip(self.features, (np.array(sizes) / sum(sizes)).tolist(), strict=True))

    def parameters(self) -> dict[str, Any]:
        names = [*CORRECTIONS, *(f"late_{name}" for name in CORRECTIONS)]
        return {"weights": dict(zip(names, self.weights, strict=True))}

    def to_bytes(self, calibration: Calibration) -> bytes:
        return written_document(FORMAT, asdict(self), calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        fitted = MarketLogit([list(row) for row in document.weights], document.features)
        if not fitted.is_sound:
            raise ArtifactUnusable(f"not a consistent {FORMAT} document")
        return Calibrated(fitted, document.calibration.value)

    def _predict(self, examples: Examples) -> Probabilities:
        line, corrections = _split(inputs(examples.with_market, self.features))
        return np.asarray(softmax(_scores(np.array(self.weights), line, corrections), axis=1))


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    weights: list[tuple[float, float]]
    features: tuple[str, ...]


def _split(values: Values) -> tuple[Values, Values]:
    """The line's log odds (n, 2), and the corrections with a constant: all season long, and late (n, 14)."""
    line, usual, strengths, progress = np.split(values, np.cumsum([2, len(BEYOND_THE_LINE), 2]), axis=1)
    corrections = np.column_stack([usual, strengths - line, np.ones(len(values))])
    late = np.clip((progress - LATE_FROM) / (1 - LATE_FROM), 0, 1)
    return line, np.column_stack([corrections, late * corrections])


def _scores(weights: Values, line: Values, corrections: Values) -> Values:
    home, away = (line + corrections @ weights).T
    return np.column_stack([home, np.zeros(len(line)), away])


def _loss(
    x: Values, line: Values, corrections: Values, wanted: Probabilities, weights: Values
) -> tuple[float, Values]:
    """The weighted cross entropy to what is wanted (n, 3) and the pull to nothing, with its gradient."""
    scores = _scores(x.reshape(-1, 2), line, corrections)
    logs = log_softmax(scores, axis=1)
    excess = weights[:, None] * (np.exp(logs) - wanted)
    gradient = (corrections.T @ excess[:, [0, 2]]).reshape(-1)
    value = -weights @ (wanted * logs).sum(axis=1)
    return float(value + PRIOR_MATCHES / 2 * x @ x), gradient + PRIOR_MATCHES * x
