"""Trains every model on past matches and validates each on later ones."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from modeling.backtest import fit, fold_by_fold, out_of_sample
from modeling.calibration import Calibration
from modeling.ensemble import Pool
from modeling.examples import Examples
from modeling.gate import Judged
from modeling.kinds import KINDS
from modeling.metrics import Metrics, Outcomes, Probabilities, is_told, measure
from modeling.model import Model
from modeling.stacks import ARTIFACT_FORMAT, STACKS, Member, written
from modeling.validation import Windows, base_rates, windows

# A fifth of these judges, a fifth calibrates; below that the figures say nothing.
FEWEST_MATCHES = 300

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

    `told` (n, 3) and `metrics` are of the same procedure on the validation matches, the latest ones, which it
    had not seen; the artifact was fitted on all matches afterwards. `told` is NaN where the model had no
    answer, and `metrics` leaves these matches out.
    """

    name: str
    told: Probabilities
    metrics: dict[str, float]
    features: list[str]
    parameters: dict[str, Any]
    importance: dict[str, float]
    train_matches: int
    data_from: datetime
    data_to: datetime
    artifact: bytes
    artifact_format: str

    @property
    def artifact_sha256(self) -> str:
        return hashlib.sha256(self.artifact).hexdigest()

    @property
    def validation_matches(self) -> int:
        return int(self.metrics["matches"])


@dataclass(frozen=True)
class Training:
    """The trained models, and the matches that judged them: who knew nothing reaches `base_rates` on them."""

    models: list[TrainedModel]
    match_ids: list[int]
    outcomes: Outcomes
    rates: Probabilities
    base_rates: Metrics

    def judged(self, model: TrainedModel, line: pd.DataFrame) -> Judged:
        """What the gate is to judge. `line` has the market's last probabilities of a match by its number."""
        market = line.reindex(self.match_ids).to_numpy(dtype=np.float64)
        return Judged(model.told, self.outcomes, self.rates, market)

    async def load(self, artifact_sha256: str) -> bytes:
        """The bytes of one of these models before they are kept anywhere."""
        return next(model.artifact for model in self.models if model.artifact_sha256 == artifact_sha256)


@dataclass(frozen=True)
class _Told:
    """What a model said of matches that it had not seen: in the calibration and in the validation window."""

    calibrate: Probabilities
    validate: Probabilities

    @property
    def both(self) -> Probabilities:
        return np.concatenate([self.calibrate, self.validate])


def train(examples: Examples, *, as_of: datetime, train_from: datetime, report: Report) -> Training:
    """Trains every model on the matches from `train_from` to `as_of` whose result is known.

    Each walks forward through the later matches: what it says of the calibration window calibrates it and
    weighs it in the stacks, what it says of the validation window judges it. Then it is fitted on everything,
    and that is the version to serve. The same input gives the same figures. `report` is told the fraction
    done and what comes next. Raises NotEnoughMatches, MomentsTooFew.
    """
    data = _known(examples, as_of, train_from)
    if len(data) < FEWEST_MATCHES:
        raise NotEnoughMatches(FEWEST_MATCHES, len(data))
    training = _Trainer(data, windows(data.matches["kickoff_at"]))
    kinds = [kind for kind in KINDS.values() if training.can_learn(kind)]
    models: dict[str, TrainedModel] = {}
    for number, kind in enumerate(kinds):
        report(number / len(kinds), f"fitting {kind.name} on {len(data)} matches")
        models[kind.name] = training.trained(kind)
    for name, members in STACKS.items():
        if members.keys() <= models.keys():
            models[name] = training.stacked(name, {member: models[member] for member in members})
    report(1.0, f"{len(models)} models trained on {len(data)} matches")
    return training.result(list(models.values()))


def _known(examples: Examples, as_of: datetime, train_from: datetime) -> Examples:
    kickoff = examples.matches["kickoff_at"]
    return examples.where(examples.played & (kickoff >= train_from) & (kickoff < as_of)).in_order()


class _Trainer:
    """One training: the matches, their windows, and what each model has said so far."""

    def __init__(self, data: Examples, split: Windows) -> None:
        self._data, self._split = data, split
        self._outcomes = data.outcomes
        self._told: dict[str, _Told] = {}
        past, latest = data.part(split.before_validation).matches, data.part(split.validate).matches
        self._rates = base_rates(
            past["league_code"], self._outcomes[split.before_validation], latest["league_code"]
        )
        self._base_rates = measure(self._rates, self._outcomes[split.validate])

    def can_learn(self, kind: type[Model]) -> bool:
        """Whether there is enough of what it reads before the first match that it is asked about."""
        known = int(self._data.part(self._split.fit).with_odds.sum())
        return not kind.reads_odds or known >= FEWEST_MATCHES

    def trained(self, kind: type[Model]) -> TrainedModel:
        raw = _Told(
            fold_by_fold(kind, self._data, self._split.calibrate),
            out_of_sample(kind, self._data, self._split.validate),
        )
        before = self._calibration(raw.calibrate, self._split.calibrate)
        self._told[kind.name] = _Told(before.apply(raw.calibrate), before.apply(raw.validate))
        served = fit(kind, self._data)
        calibration = self._calibration(raw.both, slice(self._split.calibrate.start, len(self._data)))
        return self._model(
            kind.name,
            features=list(served.features),
            parameters=served.parameters() | {"calibration": asdict(calibration)},
            importance=served.importance(),
            artifact=served.to_bytes(calibration),
            artifact_format=kind.artifact_format,
        )

    def stacked(self, name: str, members: Mapping[str, TrainedModel]) -> TrainedModel:
        usual = list(STACKS[name].values())
        calibrate = np.stack([self._told[member].calibrate for member in members])
        validate = np.stack([self._told[member].validate for member in members])
        before = Pool.fit(calibrate, self._outcomes[self._split.calibrate], usual)
        self._told[name] = _Told(before.apply(calibrate), before.apply(validate))
        later = self._outcomes[self._split.calibrate.start :]
        pool = Pool.fit(np.concatenate([calibrate, validate], axis=1), later, usual)
        weights = dict(zip(members, pool.weights, strict=True))
        total = sum(pool.weights)
        return self._model(
            name,
            features=list(members),
            parameters={"weights": weights},
            importance={member: weight / total for member, weight in weights.items()},
            artifact=written(
                [
                    Member(member, members[member].artifact_sha256, weight)
                    for member, weight in weights.items()
                ]
            ),
            artifact_format=ARTIFACT_FORMAT,
        )

    def result(self, models: list[TrainedModel]) -> Training:
        judged = self._data.part(self._split.validate).matches
        return Training(
            models,
            [int(number) for number in judged["match_id"]],
            self._outcomes[self._split.validate],
            self._rates,
            self._base_rates,
        )

    def _calibration(self, told: Probabilities, window: slice) -> Calibration:
        known = is_told(told)
        return Calibration.fit(told[known], self._outcomes[window][known])

    def _model(
        self,
        name: str,
        *,
        features: list[str],
        parameters: dict[str, Any],
        importance: dict[str, float],
        artifact: bytes,
        artifact_format: str,
    ) -> TrainedModel:
        told, kickoff = self._told[name].validate, self._data.matches["kickoff_at"]
        known = is_told(told)
        figures = measure(told[known], self._outcomes[self._split.validate][known])
        rates = measure(self._rates[known], self._outcomes[self._split.validate][known])
        validated = kickoff.iloc[self._split.validate]
        return TrainedModel(
            name=name,
            told=told,
            metrics=figures.as_dict() | rates.as_dict("base_rates_"),
            features=features,
            parameters=parameters | _dates(validated),
            importance=importance,
            train_matches=len(self._data),
            data_from=kickoff.iloc[0].to_pydatetime(),
            data_to=kickoff.iloc[-1].to_pydatetime(),
            artifact=artifact,
            artifact_format=artifact_format,
        )


def _dates(validated: pd.Series) -> dict[str, str]:
    return {
        "validated_from": validated.iloc[0].isoformat(),
        "validated_to": validated.iloc[-1].isoformat(),
    }
