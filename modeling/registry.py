"""Publishes what a training made: every model a version, the best in service if the gate lets it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from modeling.gate import Check, Verdict
from modeling.promotion import put_in_service
from modeling.stacks import answers_every_match
from modeling.train import TrainedModel, Training
from sports.base import SportName
from store.models import (
    ModelRow,
    NewModelVersion,
    active_model,
    add_version,
    list_models,
    lock_registry,
    set_status,
)
from store.tellings import Telling, save_tellings
from store.trainings import NewTraining, Outcome, TrainingRow, add_training, training_by


@dataclass(frozen=True)
class Candidacy:
    """The best model of a training before the gate: what it answered, and what the operator asked for.

    `in_service` is the model that the verdict compared it with.
    """

    best: TrainedModel
    verdict: Verdict
    in_service: ModelRow | None
    force_deploy: bool
    dry_run: bool


@dataclass(frozen=True)
class Run:
    """The job that trained: as of which moment, and how long it took."""

    sport: SportName
    as_of: datetime
    job_id: int
    seconds: float


@dataclass(frozen=True)
class Published:
    """The new versions (none of a dry run), what came of the best of them and why.

    `best` may predict: it passed or was forced, also where a model that knows later matches keeps serving;
    not where it was taken out of service before the job was repeated.
    """

    versions: list[ModelRow]
    best: ModelRow | None
    outcome: Outcome
    verdict: Verdict
    reason: str


def best_of(training: Training) -> TrainedModel:
    """The model with the lowest log loss of those that answer for every match, with odds or without."""
    always = [model for model in training.models if answers_every_match(model.name, model.features)]
    return min(always, key=lambda model: model.metrics["log_loss"])


async def publish(conn: AsyncConnection, training: Training, candidacy: Candidacy, run: Run) -> Published:
    """Adds the versions, writes down what the gate said, and puts the best in service if it may.

    It may if the gate lets it or it is forced. Without force it stays a candidate if the model in service
    knows later matches (a past moment was replayed), or changed since the verdict. The models' artifacts are
    kept by then. A dry run changes nothing but the list of trainings. What another attempt of the job has
    published stands, and is given instead.
    """
    await lock_registry(conn, run.sport)
    if (before := await published_by(conn, run.job_id)) is not None:
        return before
    active = await active_model(conn, run.sport)
    outcome, reason = _outcome(candidacy, active, run.as_of)
    added = [] if candidacy.dry_run else await _add_versions(conn, training, run)
    best = next((model for model in added if model.name == candidacy.best.name), None)
    if best is not None:
        await _place(conn, best, outcome, reason, run)
    row = await add_training(conn, _training_result(training, candidacy, run, outcome, reason, best))
    return await _published(conn, row)


async def published_by(conn: AsyncConnection, job_id: int) -> Published | None:
    """What an earlier attempt of the job published, its versions as they are now; None before."""
    row = await training_by(conn, job_id)
    return None if row is None else await _published(conn, row)


async def _published(conn: AsyncConnection, row: TrainingRow) -> Published:
    versions = await list_models(conn, sport=row.sport, job_id=row.job_id)
    may_predict = [
        model
        for model in versions
        if model.id == row.best_model_id and model.status not in ("refused", "retired")
    ]
    verdict = Verdict(tuple(Check(**check) for check in row.checks))
    return Published(versions[::-1], next(iter(may_predict), None), row.outcome, verdict, row.reason)


def _outcome(candidacy: Candidacy, active: ModelRow | None, as_of: datetime) -> tuple[Outcome, str]:
    verdict = candidacy.verdict
    if not verdict.passed and not (candidacy.force_deploy and verdict.may_be_forced):
        return "refused", verdict.reason
    if candidacy.dry_run:
        return "passed", f"not deployed, a dry run: {verdict.reason}"
    if candidacy.force_deploy:
        return ("deployed" if verdict.passed else "forced"), verdict.reason
    if active is not None and active.as_of > as_of:
        later = f"{active.name} {active.version} in service knows matches until {active.as_of:%Y-%m-%d}"
        return "passed", f"not deployed, {later}: {verdict.reason}"
    if active != candidacy.in_service:
        return "passed", f"not deployed, another model was put in service meanwhile: {verdict.reason}"
    return "deployed", verdict.reason


async def _place(conn: AsyncConnection, best: ModelRow, outcome: Outcome, reason: str, run: Run) -> None:
    if outcome in ("deployed", "forced"):
        await put_in_service(
            conn,
            best,
            action=outcome,
            actor=f"job {run.job_id}",
            reason=reason,
            says=reason if outcome == "deployed" else f"forced although: {reason}",
        )
    else:
        await set_status(conn, best.id, "refused" if outcome == "refused" else "candidate", reason)


async def _add_versions(conn: AsyncConnection, training: Training, run: Run) -> list[ModelRow]:
    added = []
    for model in training.models:
        row = await add_version(conn, _version(model, run))
        await save_tellings(conn, row.id, _tellings(training, model))
        added.append(row)
    return added


def _tellings(training: Training, model: TrainedModel) -> list[Telling]:
    return [
        Telling(match_id, float(home), float(draw), float(away))
        for match_id, (home, draw, away) in zip(training.match_ids, model.told, strict=True)
        if np.isfinite(home)
    ]


def _version(model: TrainedModel, run: Run) -> NewModelVersion:
    return NewModelVersion(
        sport=run.sport,
        name=model.name,
        features=model.features,
        parameters=model.parameters,
        metrics=model.metrics,
        training_matches=model.train_matches,
        validation_matches=model.validation_matches,
        data_from=model.data_from,
        data_to=model.data_to,
        as_of=run.as_of,
        artifact_sha256=model.artifact_sha256,
        artifact_format=model.artifact_format,
        code_revision=version("matchday"),
        job_id=run.job_id,
        importance=model.importance,
    )


def _training_result(
    training: Training,
    candidacy: Candidacy,
    run: Run,
    outcome: Outcome,
    reason: str,
    best: ModelRow | None,
) -> NewTraining:
    return NewTraining(
        job_id=run.job_id,
        sport=run.sport,
        as_of=run.as_of,
        training_matches=candidacy.best.train_matches,
        validation_matches=len(training.match_ids),
        seconds=run.seconds,
        best_model_id=None if best is None else best.id,
        in_service_id=None if candidacy.in_service is None else candidacy.in_service.id,
        outcome=outcome,
        is_dry_run=candidacy.dry_run,
        checks=[asdict(check) for check in candidacy.verdict.checks],
        reason=reason,
    )
