"""The platform's own models: trained once as the weekly training does, then asked of the test."""

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bench.models.contest import Contest
from bench.models.stopwatch import Stopwatch
from bench.models.walk import Told, walk_forward
from modeling.backtest import fit
from modeling.ensemble import Pool
from modeling.kinds import KINDS
from modeling.stacks import STACKS, read
from modeling.train import Report, TrainedModel, train

KILOBYTE, MEGABYTE = 1_024, 1_000_000


@dataclass(frozen=True)
class WeeklyTraining:
    """The models, and what they took: the memory is the most that this process has had, data included."""

    models: Mapping[str, TrainedModel]
    matches: int
    seconds: float
    peak_mb: float


def weekly_training(asked: Contest, report: Report) -> WeeklyTraining:
    """On the matches before the test. Raises NotEnoughMatches, MomentsTooFew."""
    past, watch = asked.past, Stopwatch()
    with watch:
        training = train(
            past,
            as_of=asked.began_at,
            train_from=asked.examples.matches["kickoff_at"].iloc[0].to_pydatetime(),
            report=report,
        )
    models = {model.name: model for model in training.models}
    return WeeklyTraining(models, len(past), watch.seconds, _peak_mb())


def told_by_models(asked: Contest, models: Mapping[str, TrainedModel], report: Report) -> dict[str, Told]:
    """What each model that was trained says of the test."""
    told: dict[str, Told] = {}
    for number, (name, model) in enumerate(models.items()):
        report(number / len(models), f"asking {name}")
        told[name] = _stacked(model, told) if name in STACKS else _single(asked, model)
    return told


def _single(asked: Contest, model: TrainedModel) -> Told:
    """Fitted again only to see how long it takes, unless it is stale in the test; calibrated as it serves."""
    kind = KINDS[model.name]
    raw = walk_forward(partial(fit, kind), asked, kind.stale_after)
    calibration = kind.from_bytes(model.artifact).calibration
    return replace(raw, probabilities=calibration.apply(raw.probabilities))


def _stacked(model: TrainedModel, told: Mapping[str, Told]) -> Told:
    """Its times are those of all its members too."""
    stack, watch = read(model.name, model.artifact), Stopwatch()
    members = [told[member.name] for member in stack]
    with watch:
        pool = Pool(tuple(member.weight for member in stack))
        pooled = pool.apply(np.stack([member.probabilities for member in members]))
    return Told(
        pooled,
        fit_seconds=sum(member.fit_seconds for member in members),
        predict_seconds=watch.seconds + sum(member.predict_seconds for member in members),
        fits=sum(member.fits for member in members),
    )


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else KILOBYTE) / MEGABYTE
