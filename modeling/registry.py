"""Publishes what a training made: every model a version, the best in service if it beats the base rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from sqlalchemy.ext.asyncio import AsyncConnection

from modeling.train import TrainedModel, Training
from sports.base import SportName
from store.models import (
    ModelRow,
    NewModelVersion,
    activate,
    active_model,
    add_version,
    list_models,
    lock_registry,
)


@dataclass(frozen=True)
class Published:
    """The new versions, and which of them may predict; None if none is better than the base rates."""

    versions: list[ModelRow]
    best_id: int | None

    @property
    def best(self) -> ModelRow | None:
        return next((model for model in self.versions if model.id == self.best_id), None)


async def publish(
    conn: AsyncConnection,
    training: Training,
    artifact_keys: Sequence[str],
    *,
    sport: SportName,
    as_of: datetime,
    job_id: int,
) -> Published:
    """Adds the versions and puts the one with the lowest validation log loss in service.

    It stays a candidate if it does not beat the base rates of the same validation matches, or if the model in
    service knows later matches (a past moment was replayed). `artifact_keys` are the SHA-256 keys of the
    models' artifacts, in their order.
    """
    await lock_registry(conn, sport)
    added = [
        await add_version(conn, _version(model, key, sport, as_of, job_id))
        for model, key in zip(training.models, artifact_keys, strict=True)
    ]
    best = min(added, key=lambda model: model.metrics["log_loss"])
    if best.metrics["log_loss"] >= best.metrics["base_rates_log_loss"]:
        return Published(added, None)
    active = await active_model(conn, sport)
    if active is None or active.as_of <= as_of:
        await activate(conn, best)
    versions = await list_models(conn, sport=sport, job_id=job_id, limit=len(added))
    return Published(versions[::-1], best.id)


def _version(
    model: TrainedModel, artifact_key: str, sport: SportName, as_of: datetime, job_id: int
) -> NewModelVersion:
    return NewModelVersion(
        sport=sport,
        name=model.name,
        features=model.features,
        parameters=model.parameters,
        metrics=model.metrics,
        training_matches=model.train_matches,
        validation_matches=model.validation_matches,
        data_from=model.data_from,
        data_to=model.data_to,
        as_of=as_of,
        artifact_sha256=artifact_key,
        artifact_format=model.artifact_format,
        code_revision=version("matchday"),
        job_id=job_id,
        importance=model.importance,
    )
