"""Model versions: immutable rows; at most one a sport is active."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.models import feature_importance, model_registry


@dataclass(frozen=True)
class NewModelVersion:
    """What a training made; `importance` is the share of each feature."""

    sport: str
    name: str
    features: list[str]
    parameters: dict[str, Any]
    metrics: dict[str, float]
    training_matches: int
    validation_matches: int
    data_from: datetime
    data_to: datetime
    as_of: datetime
    artifact_sha256: str
    artifact_format: str
    code_revision: str
    job_id: int
    importance: dict[str, float]


@dataclass(frozen=True)
class ModelRow:
    """One version of a model."""

    id: int
    sport: str
    name: str
    version: int
    status: str
    features: list[str]
    parameters: dict[str, Any]
    metrics: dict[str, float]
    training_matches: int
    validation_matches: int
    data_from: datetime
    data_to: datetime
    as_of: datetime
    artifact_sha256: str
    artifact_format: str
    code_revision: str
    job_id: int
    created_at: datetime
    reason: str | None


async def lock_registry(conn: AsyncConnection, sport: str) -> None:
    """Lets one publication at a time number and activate versions of the sport."""
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"model_registry:{sport}"}
    )


async def add_version(conn: AsyncConnection, new: NewModelVersion) -> ModelRow:
    """Adds the next version of the model as a candidate. Call lock_registry first."""
    latest = await conn.scalar(
        select(func.max(model_registry.c.version)).where(
            model_registry.c.sport == new.sport, model_registry.c.name == new.name
        )
    )
    values = {name: value for name, value in vars(new).items() if name != "importance"}
    added = await conn.execute(
        insert(model_registry)
        .values(**values, version=(latest or 0) + 1, status="candidate")
        .returning(*_columns())
    )
    model = ModelRow(**added.one()._mapping)
    if new.importance:
        shares = [{"model_id": model.id, "feature": f, "importance": i} for f, i in new.importance.items()]
        await conn.execute(insert(feature_importance), shares)
    return model


async def activate(conn: AsyncConnection, model: ModelRow, reason: str, *, retired: str = "") -> None:
    """Makes the version the one that predicts, and retires the one before. Call lock_registry first.

    `retired` is why the one before goes, where there is more to say than who serves now.
    """
    registry = model_registry
    was_active = (
        (registry.c.sport == model.sport) & (registry.c.status == "active") & (registry.c.id != model.id)
    )
    successor = f"{retired and retired + '; '}{model.name} {model.version} serves now"
    await conn.execute(update(registry).where(was_active).values(status="retired", reason=successor))
    await set_status(conn, model.id, "active", reason)


async def set_status(conn: AsyncConnection, model_id: int, status: str, reason: str) -> None:
    """What a version that does not serve is, and why. Only `activate` puts one in service."""
    registry = model_registry
    await conn.execute(update(registry).where(registry.c.id == model_id).values(status=status, reason=reason))


async def active_model(conn: AsyncConnection, sport: str) -> ModelRow | None:
    found = select(*_columns()).where(model_registry.c.sport == sport, model_registry.c.status == "active")
    row = (await conn.execute(found)).one_or_none()
    return ModelRow(**row._mapping) if row else None


async def find_version(conn: AsyncConnection, sport: str, name: str, version: int) -> ModelRow | None:
    registry = model_registry
    found = select(*_columns()).where(
        registry.c.sport == sport, registry.c.name == name, registry.c.version == version
    )
    row = (await conn.execute(found)).one_or_none()
    return ModelRow(**row._mapping) if row else None


async def list_versions(
    conn: AsyncConnection, sport: str, name: str, *, below: int | None = None, limit: int = 50
) -> list[ModelRow]:
    """Of one model, newest first; `below` is the number of the last one already seen."""
    registry = model_registry
    found = select(*_columns()).where(registry.c.sport == sport, registry.c.name == name)
    if below is not None:
        found = found.where(registry.c.version < below)
    rows = await conn.execute(found.order_by(registry.c.version.desc()).limit(limit))
    return [ModelRow(**row._mapping) for row in rows]


async def models_with(conn: AsyncConnection, ids: Sequence[int]) -> list[ModelRow]:
    """The versions with these ids."""
    found = select(*_columns()).where(model_registry.c.id.in_(ids))
    return [ModelRow(**row._mapping) for row in await conn.execute(found)]


async def list_models(
    conn: AsyncConnection, *, sport: str | None = None, job_id: int | None = None, limit: int = 100
) -> list[ModelRow]:
    """Newest first, of one sport or one training job if asked."""
    found = select(*_columns()).order_by(model_registry.c.id.desc()).limit(limit)
    if sport is not None:
        found = found.where(model_registry.c.sport == sport)
    if job_id is not None:
        found = found.where(model_registry.c.job_id == job_id)
    return [ModelRow(**row._mapping) for row in await conn.execute(found)]


async def importance_of(conn: AsyncConnection, model_id: int) -> dict[str, float]:
    """The share of each feature, largest first."""
    return (await importances_of(conn, [model_id])).get(model_id, {})


async def importances_of(conn: AsyncConnection, model_ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """The same of several versions, by their ids."""
    shares = feature_importance
    found = (
        select(shares.c.model_id, shares.c.feature, shares.c.importance)
        .where(shares.c.model_id.in_(model_ids))
        .order_by(shares.c.importance.desc(), shares.c.feature)
    )
    of_models: dict[int, dict[str, float]] = {}
    for row in await conn.execute(found):
        of_models.setdefault(row.model_id, {})[row.feature] = row.importance
    return of_models


def _columns() -> list[Any]:
    return [model_registry.c[name] for name in ModelRow.__dataclass_fields__]
