"""Probabilities of matches from a stored model version."""

import pandas as pd

from modeling.kinds import KINDS
from modeling.metrics import Probabilities


class UnknownModel(Exception):
    """No model has this name."""


def predict(model_name: str, artifact: bytes, features: pd.DataFrame) -> Probabilities:
    """Home, draw, away of every row of the features, shape (n, 3), rows adding up to 1.

    Raises UnknownModel, ArtifactUnusable, FeaturesUnusable.
    """
    kind = KINDS.get(model_name)
    if kind is None:
        raise UnknownModel(f"no model is called {model_name!r}; there are {', '.join(KINDS)}")
    return kind.from_bytes(artifact).probabilities(features)
