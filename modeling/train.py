"""Trains every model on past matches and validates each on later ones."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from modeling.metrics import Metrics

Report = Callable[[float, str], None]


class NotEnoughMatches(Exception):
    """There are too few matches with a known result to train on."""

    def __init__(self, needed: int, found: int) -> None:
        super().__init__(f"training needs {needed} matches with a known result, found {found}")
        self.needed = needed
        self.found = found


@dataclass(frozen=True)
class TrainedModel:
    """One model, ready to serve.

    `metrics` are those of the same procedure on the validation matches, the latest ones, which it had not
    seen; the artifact was fitted on all matches afterwards.
    """

    name: str
    metrics: dict[str, float]
    features: list[str]
    parameters: dict[str, Any]
    importance: dict[str, float]
    train_matches: int
    validation_matches: int
    data_from: datetime
    data_to: datetime
    artifact: bytes
    artifact_format: str


@dataclass(frozen=True)
class Training:
    """The trained models, and what the leagues' base rates reach on the same validation matches."""

    models: list[TrainedModel]
    base_rates: Metrics


def train(
    matches: pd.DataFrame,
    features: pd.DataFrame,
    *,
    as_of: datetime,
    train_from: datetime,
    min_matches: int,
    report: Report,
) -> Training:
    raise NotImplementedError
