"""Trainings: what each made, what the gate answered, what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.models import training_results

Outcome = Literal["deployed", "forced", "passed", "refused"]


@dataclass(frozen=True)
class NewTraining:
    """`in_service_id` is the model that served before; `checks` are the gate's questions with answers."""

    job_id: int
    sport: str
    as_of: datetime
    training_matches: int
    validation_matches: int
    seconds: float
    best_model_id: int | None
    in_service_id: int | None
    outcome: Outcome
    is_dry_run: bool
    checks: list[dict[str, Any]]
    reason: str


@dataclass(frozen=True)
class TrainingRow(NewTraining):
    """One training, as it is kept; `best_model_id` is null of a dry run."""

    id: int
    created_at: datetime


async def add_training(conn: AsyncConnection, new: NewTraining) -> TrainingRow:
    """Adds the only training of its job."""
    added = await conn.execute(insert(training_results).values(**vars(new)).returning(*_columns()))
    return TrainingRow(**added.one()._mapping)


async def list_trainings(
    conn: AsyncConnection, *, sport: str | None = None, below: int | None = None, limit: int = 50
) -> list[TrainingRow]:
    """Newest first; `below` is the id of the last one already seen."""
    found = select(*_columns()).order_by(training_results.c.id.desc()).limit(limit)
    if sport is not None:
        found = found.where(training_results.c.sport == sport)
    if below is not None:
        found = found.where(training_results.c.id < below)
    return [TrainingRow(**row._mapping) for row in await conn.execute(found)]


async def training_of(conn: AsyncConnection, sport: str, model_id: int) -> TrainingRow | None:
    """The training whose best model this version was; None of the others."""
    results = training_results
    found = select(*_columns()).where(results.c.sport == sport, results.c.best_model_id == model_id)
    row = (await conn.execute(found)).one_or_none()
    return TrainingRow(**row._mapping) if row else None


async def training_by(conn: AsyncConnection, job_id: int) -> TrainingRow | None:
    """What the job trained, in whichever of its attempts; None before."""
    found = select(*_columns()).where(training_results.c.job_id == job_id)
    row = (await conn.execute(found)).one_or_none()
    return TrainingRow(**row._mapping) if row else None


def _columns() -> list[Any]:
    return [training_results.c[name] for name in TrainingRow.__dataclass_fields__]
