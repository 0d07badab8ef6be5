"""Boosted trees (XGBoost) that correct the logit on the opening prices. Kept as XGBoost's JSON, with it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
import xgboost
from numpy.typing import NDArray
from scipy.special import softmax

from modeling.artifacts import ArtifactUnusable
from modeling.boosted_trees import PARAMETERS, as_json, gain_shares, read_booster, told_by
from modeling.calibration import Calibration
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.market import to_learn
from modeling.market_logit import MarketLogit
from modeling.metrics import SMALLEST, Probabilities
from modeling.model import Calibrated, inputs, where_known

FORMAT = "matchday.xgboost_market/1"
# A closing line says so much more than a result that deeper and faster trees do not learn its noise: from 60
# to 150 rounds the log loss is the same.
MARKET_PARAMETERS = PARAMETERS | {"max_depth": 4, "eta": 0.1}
ROUNDS = 100

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MarketTrees:
    """Trees on all features, those from odds too, from what `market_logit` says on.

    Fitted to the closing line as that is: the cross entropy to its probabilities is what they lower.
    """

    name: ClassVar[str] = "xgboost_market"
    artifact_format: ClassVar[str] = "xgboost-json"
    reads_odds: ClassVar[bool] = True
    stale_after: ClassVar[timedelta | None] = None

    logit: MarketLogit
    booster: xgboost.Booster
    features: tuple[str, ...]

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        names = tuple(str(name) for name in examples.with_market.columns)
        logit = MarketLogit.fit(examples)
        wanted, weights = to_learn(examples)

        def objective(margins: Values, _: xgboost.DMatrix) -> tuple[Values, Values]:
            told = softmax(margins, axis=1)
            curvature = np.maximum(2 * told * (1 - told), SMALLEST)
            return weights[:, None] * (told - wanted), weights[:, None] * curvature

        booster = xgboost.train(MARKET_PARAMETERS, _matrix(logit, examples, names), ROUNDS, obj=objective)
        return cls(logit, booster, names)

    def predict_proba(self, examples: Examples) -> Probabilities:
        return where_known(
            examples, lambda known: told_by(self.booster, _matrix(self.logit, known, self.features))
        )

    def importance(self) -> dict[str, float]:
        """Each feature's share of the total gain."""
        return gain_shares(self.booster, self.features)

    def parameters(self) -> dict[str, Any]:
        return {**MARKET_PARAMETERS, "rounds": ROUNDS, "starts_from": MarketLogit.name}

    def to_bytes(self, calibration: Calibration) -> bytes:
        values = {
            "booster": as_json(self.booster),
            "features": list(self.features),
            "logit": self.logit.weights,
        }
        return written_document(FORMAT, values, calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        logit = MarketLogit([list(row) for row in document.logit])
        if not logit.is_sound or not set(logit.features) <= set(document.features):
            raise ArtifactUnusable(f"not a consistent {FORMAT} document")
        booster = read_booster(document.booster, document.features)
        return Calibrated(cls(logit, booster, document.features), document.calibration.value)


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    booster: dict[str, Any]
    features: tuple[str, ...]
    logit: list[tuple[float, float]]


def _matrix(logit: MarketLogit, examples: Examples, names: tuple[str, ...]) -> xgboost.DMatrix:
    values = inputs(examples.with_market, names)
    logs = np.log(np.clip(logit.predict_proba(examples), SMALLEST, None))
    return xgboost.DMatrix(values, base_margin=logs - logs[:, [1]])
