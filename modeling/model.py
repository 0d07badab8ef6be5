"""What every model is: fitted on matches, asked for probabilities, kept as bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modeling.calibration import Calibration
from modeling.examples import Examples
from modeling.metrics import OUTCOMES, Probabilities
from modeling.stacks import MARKET_PREFIX


class FeaturesUnusable(Exception):
    """The features lack a column that the model reads, or hold something that is not a finite number."""


class Model(Protocol):
    """One kind of model; an object is a fitted one."""

    name: ClassVar[str]
    artifact_format: ClassVar[str]
    reads_odds: ClassVar[bool]
    """Matches without odds are left out of the fit, and get no prediction."""
    stale_after: ClassVar[timedelta | None]
    """It knows clubs as they were at its fit, and wants another one after so long. None: it lasts."""

    @property
    def features(self) -> Sequence[str]:
        """The columns it reads."""

    @classmethod
    def fit(cls, examples: Examples) -> Self:
        """Of matches whose results are known, in the order of kick-off."""

    def predict_proba(self, examples: Examples) -> Probabilities:
        """Home, draw, away of every match, before calibration; NaN where it needs odds and has none."""

    def importance(self) -> dict[str, float]:
        """The share of each feature in the model; the shares add up to 1."""

    def parameters(self) -> dict[str, Any]:
        """What an analyst wants to know of the fit, as JSON values."""

    def to_bytes(self, calibration: Calibration) -> bytes: ...

    @classmethod
    def from_bytes(cls, artifact: bytes) -> "Calibrated":
        """Raises ArtifactUnusable."""


@runtime_checkable
class GoalModel(Protocol):
    """A model that knows of goals, and so of every score."""

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """P(score) of every match, shape (n, 16, 16), before calibration."""


@dataclass(frozen=True)
class Calibrated:
    """A fitted model behind its calibration: what serves."""

    model: Model
    calibration: Calibration

    def predict_proba(self, examples: Examples) -> Probabilities:
        return self.calibration.apply(self.model.predict_proba(examples))

    def scores(self, examples: Examples) -> NDArray[np.float64] | None:
        """As GoalModel; None of a model that knows nothing of goals."""
        return self.model.scores(examples) if isinstance(self.model, GoalModel) else None

    def answers(self) -> bool:
        """Whether it has probabilities for a match of which nothing is known."""
        told = self.predict_proba(_nothing_known(self.model.features))
        return (
            told.shape == (1, len(OUTCOMES)) and bool((told >= 0).all()) and bool(np.isclose(told.sum(), 1))
        )


def inputs(features: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """The named columns in their order, shape (n, k). Raises FeaturesUnusable."""
    missing = [name for name in names if name not in features.columns]
    if missing:
        raise FeaturesUnusable(f"the features lack {', '.join(missing)}")
    values = features[list(names)].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        broken = [name for name, column in zip(names, values.T, strict=True) if not np.isfinite(column).all()]
        raise FeaturesUnusable(f"not a finite number in {', '.join(broken)}")
    return values


def where_known(examples: Examples, predict: Callable[[Examples], Probabilities]) -> Probabilities:
    """The probabilities of the matches with odds; NaN for the others."""
    known = examples.with_odds.to_numpy()
    probabilities = np.full((len(examples), len(OUTCOMES)), np.nan)
    if known.any():
        probabilities[known] = predict(examples.where(examples.with_odds))
    return probabilities


def _nothing_known(names: Sequence[str]) -> Examples:
    """A match of unknown clubs whose every feature is 0."""
    zeros = pd.DataFrame(0.0, index=[0], columns=list(names))
    of_odds = [name for name in names if name.startswith(MARKET_PREFIX)]
    teams = pd.DataFrame({"league_code": "-", "home_team": "-", "away_team": "--"}, index=[0])
    return Examples(teams, zeros.drop(columns=of_odds), zeros[of_odds])
