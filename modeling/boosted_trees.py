"""Gradient boosted trees (XGBoost) that start from log odds and correct them. Kept as XGBoost's JSON.

The start is what the clubs' strengths let expect: trees alone would first have to learn what is known
already, and learn it worse.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

import numpy as np
import xgboost
from numpy.typing import NDArray

from modeling.artifacts import ArtifactUnusable
from modeling.calibration import Calibration
from modeling.documents import ModelDocument, read_document, written_document
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Outcomes, Probabilities
from modeling.model import Calibrated, inputs

FORMAT = "matchday.xgboost/1"
SEED = 20_260_801
PARAMETERS: dict[str, Any] = {
    "objective": "multi:softprob",
    "num_class": len(OUTCOMES),
    "max_depth": 3,
    "eta": 0.02,
    "min_child_weight": 50,
    "reg_lambda": 10,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "seed": SEED,
    # Where other jobs run too, threads that wait for each other cost more than they bring.
    "nthread": 1,
}
MOST_ROUNDS = 400
# Stops when the latest matches have not become more probable for so many rounds.
PATIENCE = 30
LATEST_SHARE = 0.3

Values = NDArray[np.float64]


@dataclass(frozen=True)
class BoostedTrees:
    """Trees on all features, from the log odds of the strengths on: Chen and Guestrin (2016).

    Early stopping on the latest three tenths of the matches finds the number of rounds; then all are fitted.
    """

    name: ClassVar[str] = "xgboost"
    artifact_format: ClassVar[str] = "xgboost-json"
    reads_odds: ClassVar[bool] = False
    stale_after: ClassVar[timedelta | None] = None
    start: ClassVar[tuple[str, str]] = ("strength_home_log_odds", "strength_away_log_odds")

    booster: xgboost.Booster
    features: tuple[str, ...]
    rounds: int

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        names = tuple(str(name) for name in examples.features.columns)
        cut = int(len(examples) * (1 - LATEST_SHARE))
        earlier = cls._matrix(examples.part(slice(0, cut)), names, labelled=True)
        later = cls._matrix(examples.part(slice(cut, None)), names, labelled=True)
        stopped = xgboost.train(
            PARAMETERS,
            earlier,
            MOST_ROUNDS,
            evals=[(later, "latest")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        rounds = int(stopped.best_iteration) + 1
        booster = xgboost.train(PARAMETERS, cls._matrix(examples, names, labelled=True), rounds)
        return cls(booster, names, rounds)

    def predict_proba(self, examples: Examples) -> Probabilities:
        return told_by(self.booster, self._matrix(examples, self.features, labelled=False))

    def importance(self) -> dict[str, float]:
        """Each feature's share of the total gain."""
        return gain_shares(self.booster, self.features)

    def parameters(self) -> dict[str, Any]:
        return {**PARAMETERS, "rounds": self.rounds, "starts_from": list(self.start)}

    def to_bytes(self, calibration: Calibration) -> bytes:
        values = {"booster": as_json(self.booster), "features": list(self.features), "rounds": self.rounds}
        return written_document(FORMAT, values, calibration)

    @classmethod
    def from_bytes(cls, artifact: bytes) -> Calibrated:
        document = read_document(_Document, FORMAT, artifact)
        if not set(cls.start) <= set(document.features):
            raise ArtifactUnusable("its trees read other features than it names")
        booster = read_booster(document.booster, document.features)
        return Calibrated(cls(booster, document.features, document.rounds), document.calibration.value)

    @classmethod
    def _matrix(cls, examples: Examples, names: tuple[str, ...], *, labelled: bool) -> xgboost.DMatrix:
        values = inputs(examples.features, names)
        home, away = (values[:, names.index(name)] for name in cls.start)
        margin = np.column_stack([home, np.zeros(len(values)), away])
        label: Outcomes | None = examples.outcomes if labelled else None
        return xgboost.DMatrix(values, label=label, base_margin=margin)


class _Document(ModelDocument):
    """The artifact as it stands in the file."""

    booster: dict[str, Any]
    features: tuple[str, ...]
    rounds: int


def told_by(booster: xgboost.Booster, matrix: xgboost.DMatrix) -> Probabilities:
    """Home, draw, away (n, 3)."""
    if not matrix.num_row():
        return np.empty((0, len(OUTCOMES)))
    exact = np.asarray(booster.predict(matrix), dtype=np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))


def gain_shares(booster: xgboost.Booster, features: tuple[str, ...]) -> dict[str, float]:
    """Each feature's share of the total gain; all alike where no tree has a split."""
    gains = booster.get_score(importance_type="total_gain")
    sizes = {name: float(np.sum(gains.get(f"f{n}", 0.0))) for n, name in enumerate(features)}
    total = sum(sizes.values())
    if not total:
        return dict.fromkeys(features, 1 / len(features))
    return {name: size / total for name, size in sizes.items()}


def as_json(booster: xgboost.Booster) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return document


def read_booster(document: dict[str, Any], features: tuple[str, ...]) -> xgboost.Booster:
    """The trees that as_json wrote, if they read so many features. Raises ArtifactUnusable."""
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(json.dumps(document).encode()))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise ArtifactUnusable(f"XGBoost cannot read it: {type(error).__name__}") from None
    if booster.num_features() != len(features):
        raise ArtifactUnusable("its trees read other features than it names")
    return booster
