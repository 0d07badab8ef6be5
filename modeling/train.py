"""Trains every model on past matches and validates each on later ones."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from modeling.calibration import Calibration
from modeling.kinds import KINDS
from modeling.metrics import Metrics, Outcomes, measure
from modeling.model import Calibrated, Model
from modeling.validation import Windows, base_rates, latest_window, windows

# A fifth of these judges, a fifth calibrates; below that the figures say nothing.
FEWEST_MATCHES = 300
ORDER = ["kickoff_at", "league_code", "home_team", "away_team"]

Report = Callable[[float, str], None]


class NotEnoughMatches(Exception):
    """There are too few matches with a known result to train on."""

    def __init__(self, needed: int, found: int) -> None:
        super().__init__(
            f"training needs {needed} matches with a known result, found {found}: go further back in time"
        )
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


@dataclass(frozen=True)
class _Data:
    """Matches with a known result in the order of kick-off, their features, and how they ended."""

    matches: pd.DataFrame
    features: pd.DataFrame
    outcomes: Outcomes

    def part(self, window: slice) -> "_Data":
        return _Data(self.matches.iloc[window], self.features.iloc[window], self.outcomes[window])

    def __len__(self) -> int:
        return len(self.outcomes)


def train(
    matches: pd.DataFrame,
    features: pd.DataFrame,
    *,
    as_of: datetime,
    train_from: datetime,
    report: Report,
) -> Training:
    """Trains every model on the matches from `train_from` to `as_of` whose result is known.

    Each is fitted on the earliest matches, calibrated on later ones and judged on the latest; then the same
    is done with everything, and that is the version to serve. The same input gives the same figures. `report`
    is told the fraction done and what comes next. Raises NotEnoughMatches, MomentsTooFew.
    """
    data = _known(matches, features, as_of, train_from)
    if len(data) < FEWEST_MATCHES:
        raise NotEnoughMatches(FEWEST_MATCHES, len(data))
    split = windows(data.matches["kickoff_at"])
    rates = _base_rates(data, split)
    models = []
    for number, kind in enumerate(KINDS.values()):
        report(number / len(KINDS), f"fitting {kind.name} on {split.calibrate.stop} of {len(data)} matches")
        judged = _judge(kind, data, split)
        report((number + 0.5) / len(KINDS), f"{kind.name}: log loss {judged.log_loss:.4f}; fitting on all")
        models.append(_serving(kind, data, split, judged, rates))
    report(1.0, f"{len(models)} models trained on {len(data)} matches")
    return Training(models, rates)


def _known(matches: pd.DataFrame, features: pd.DataFrame, as_of: datetime, train_from: datetime) -> _Data:
    kickoff = matches["kickoff_at"]
    goals_known = matches["home_goals"].notna() & matches["away_goals"].notna()
    known = matches[goals_known & (kickoff >= train_from) & (kickoff < as_of)].sort_values(
        ORDER, kind="stable"
    )
    difference = known["home_goals"] - known["away_goals"]
    # 0 home, 1 draw, 2 away
    outcomes = (1 - np.sign(difference.to_numpy(dtype=np.float64))).astype(np.int64)
    return _Data(known, features.loc[known.index], outcomes)


def _base_rates(data: _Data, split: Windows) -> Metrics:
    past, latest = data.part(split.before_validation), data.part(split.validate)
    rates = base_rates(past.matches["league_code"], past.outcomes, latest.matches["league_code"])
    return measure(rates, latest.outcomes)


def _judge(kind: type[Model], data: _Data, split: Windows) -> Metrics:
    """The figures on the validation window of a model that was made without it."""
    past, latest = data.part(split.before_validation), data.part(split.validate)
    model = _calibrated(kind, past, past.part(split.fit), past.part(split.calibrate))
    return measure(model.probabilities(latest.features), latest.outcomes)


def _serving(kind: type[Model], data: _Data, split: Windows, judged: Metrics, rates: Metrics) -> TrainedModel:
    size = split.calibrate.stop - split.calibrate.start
    earlier, later = latest_window(data.matches["kickoff_at"], size)
    served = _calibrated(kind, data, data.part(earlier), data.part(later))
    kickoff = data.matches["kickoff_at"]
    return TrainedModel(
        name=kind.name,
        metrics=judged.as_dict() | rates.as_dict("base_rates_"),
        features=list(served.model.features),
        parameters=served.model.parameters() | _provenance(served, kickoff.iloc[split.validate]),
        importance=served.model.importance(),
        train_matches=len(data),
        validation_matches=judged.matches,
        data_from=kickoff.iloc[0].to_pydatetime(),
        data_to=kickoff.iloc[-1].to_pydatetime(),
        artifact=served.model.to_bytes(served.calibration),
        artifact_format=kind.artifact_format,
    )


def _calibrated(kind: type[Model], everything: _Data, earlier: _Data, later: _Data) -> Calibrated:
    """A model fitted on everything, with the calibration that one of the earlier part needs on the later.

    The later part is the nearest to what will be predicted, so it is learnt from too; but how far a model may
    be trusted on matches it has not seen can only be read from one that has not seen them.
    """
    blind = kind.fit(earlier.features, earlier.outcomes)
    calibration = Calibration.fit(blind.probabilities(later.features), later.outcomes)
    return Calibrated(kind.fit(everything.features, everything.outcomes), calibration)


def _provenance(served: Calibrated, validated: pd.Series) -> dict[str, Any]:
    return {
        "calibration": asdict(served.calibration),
        "validated_from": validated.iloc[0].isoformat(),
        "validated_to": validated.iloc[-1].isoformat(),
    }
