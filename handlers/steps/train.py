"""Trains the models, keeps them as versions, and lets the best serve if the gate does."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from handlers.steps.features import KnownMatches
from jobs.handler import Job, JobParams
from modeling.gate_limits import GateLimits, usual_limits
from store.models import ModelRow, active_model
from store.tellings import tellings_of

if TYPE_CHECKING:
    from modeling.artifacts import ArtifactStore
    from modeling.gate import Check, Judged
    from modeling.registry import Candidacy, Published
    from modeling.train import TrainedModel, Training


class TrainingScope(JobParams):
    """What to leave out of a training, and what its result must reach to serve."""

    min_matches: int = Field(0, ge=0, le=100, description="Train on matches of clubs that had played so many")
    gate: GateLimits | None = Field(
        None, description="What the best model must reach to serve. Left out: what its leagues allow"
    )
    force_deploy: bool = Field(False, description="Put the best model in service whatever the gate says")
    dry_run: bool = Field(False, description="Train and judge, but keep no version and change nothing")


async def train_models(
    job: Job,
    known: KnownMatches,
    scope: TrainingScope,
    *,
    days_back: int,
    report: Callable[[float, str], None],
) -> "Published":
    """The new versions, as the registry keeps them. Raises NotEnoughMatches, ArtifactError.

    With `min_matches`, only matches count in which both clubs had played so many before. A job trains once:
    an attempt after one that published gives what that one did.
    """
    from modeling.registry import published_by

    async with job.database.read() as conn:
        published = await published_by(conn, job.id)
    return published or await _trained(job, known, scope, days_back, report)


async def _trained(
    job: Job,
    known: KnownMatches,
    scope: TrainingScope,
    days_back: int,
    report: Callable[[float, str], None],
) -> "Published":
    from modeling.artifact_store import artifact_store
    from modeling.registry import Run, publish
    from modeling.train import train

    began = time.monotonic()
    features = known.examples.features
    experienced = (features[["home_played", "away_played"]] >= scope.min_matches).all(axis="columns")
    training = train(
        known.examples.where(experienced),
        as_of=known.as_of,
        train_from=known.as_of - timedelta(days=days_back),
        report=report,
    )
    artifacts = artifact_store(job.settings.artifact_location())
    candidacy = await _candidacy(job, artifacts, known, training, scope)
    # Files come before the rows that name them: a run that dies in between leaves a file too many, never a
    # row without one.
    if not scope.dry_run:
        for model in training.models:
            await artifacts.save(model.artifact)
    run = Run("football", known.as_of, job.id, time.monotonic() - began)
    async with job.transaction() as conn:
        return await publish(conn, training, candidacy, run)


async def _candidacy(
    job: Job, artifacts: "ArtifactStore", known: KnownMatches, training: "Training", scope: TrainingScope
) -> "Candidacy":
    """The best model with the verdict on it; what may serve is tried in a process of its own first."""
    from modeling.gate import judge
    from modeling.registry import Candidacy, best_of

    best, in_service = best_of(training), await _in_service(job, known)
    judged = training.judged(best, known.last_line)
    if in_service is not None:
        judged = await _compared(judged, job, artifacts, in_service, known, training)
    verdict = judge(judged, scope.gate or _usual_limits(known, training))
    if verdict.passed or scope.force_deploy:
        verdict = verdict.with_check(await _tried(training, best))
    return Candidacy(best, verdict, in_service, scope.force_deploy, scope.dry_run)


async def _tried(training: "Training", best: "TrainedModel") -> "Check":
    from modeling.gate import artifact_check
    from modeling.parts import parts_of
    from modeling.trial import try_parts

    trial = await try_parts(await parts_of(best.name, best.artifact_sha256, training.load))
    return artifact_check(None if trial.usable else trial.reason)


def _usual_limits(known: KnownMatches, training: "Training") -> GateLimits:
    judging = known.examples.numbered(training.match_ids)
    with_odds = int(known.last_line.reindex(training.match_ids).notna().all(axis="columns").sum())
    return usual_limits(set(judging.matches["league_code"]), with_odds)


async def _in_service(job: Job, known: KnownMatches) -> ModelRow | None:
    """The model that a better one would replace; one that knows later matches is not compared with."""
    async with job.database.read() as conn:
        model = await active_model(conn, "football")
    return None if model is None or model.as_of > known.as_of else model


async def _compared(
    judged: "Judged",
    job: Job,
    artifacts: "ArtifactStore",
    model: ModelRow,
    known: KnownMatches,
    training: "Training",
) -> "Judged":
    """With what the model in service says of the same matches, or why it cannot be asked any more."""
    from modeling.artifacts import ArtifactCorrupt, ArtifactUnusable
    from modeling.in_service import told_by

    async with job.database.read() as conn:
        written = {row.match_id: (row.home, row.draw, row.away) for row in await tellings_of(conn, model.id)}
    try:
        told = await told_by(
            model.name,
            model.artifact_sha256,
            artifacts.load,
            as_of=model.as_of,
            written=written,
            examples=known.examples,
            match_ids=training.match_ids,
        )
    except (ArtifactCorrupt, ArtifactUnusable) as error:
        return replace(judged, in_service_lost=f"{error}")
    return replace(judged, in_service=told, in_service_age=known.as_of - model.as_of)
