"""Runs that predicted: what each did, and how good the predictions of the month before it were by then."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.models import prediction_runs
from store.tables.queue import job_queue


@dataclass(frozen=True)
class MonthBefore:
    """How good the predictions of the 30 days before a run were: of `judged` matches the result was known.

    `roi` is profit by stake of the bets settled in these days. What there was nothing for is None.
    """

    judged: int
    accuracy: float | None
    log_loss: float | None
    roi: float | None


@dataclass(frozen=True)
class NewPredictionRun:
    """What a job did for the fixtures between `as_of` and `horizon_at`."""

    job_id: int
    as_of: datetime
    horizon_at: datetime
    model_id: int | None
    leagues: int
    fixtures: int
    predictions: int
    picks: int
    bets: int


@dataclass(frozen=True)
class PredictionRunRow(MonthBefore, NewPredictionRun):
    """A run as it is kept; `seconds` are those of the job until then."""

    seconds: float
    created_at: datetime


async def save_prediction_run(
    conn: AsyncConnection, new: NewPredictionRun, before: MonthBefore
) -> PredictionRunRow:
    """Keeps what the running job did, in place of what an earlier attempt of it did."""
    started_at = select(job_queue.c.started_at).where(job_queue.c.id == new.job_id).scalar_subquery()
    seconds = func.extract("epoch", func.clock_timestamp() - started_at)
    values = {**asdict(new), **asdict(before), "seconds": func.greatest(seconds, 0)}
    adding = insert(prediction_runs).values(values)
    again = adding.on_conflict_do_update(index_elements=["job_id"], set_=values).returning(*_columns())
    return PredictionRunRow(**(await conn.execute(again)).one()._mapping)


async def list_prediction_runs(
    conn: AsyncConnection, *, before: int | None = None, limit: int = 50
) -> list[PredictionRunRow]:
    """The newest job first; only those of jobs added before that one, if given."""
    found = select(*_columns()).order_by(prediction_runs.c.job_id.desc()).limit(limit)
    if before is not None:
        found = found.where(prediction_runs.c.job_id < before)
    return [PredictionRunRow(**row._mapping) for row in await conn.execute(found)]


def _columns() -> list[Any]:
    return [prediction_runs.c[name] for name in PredictionRunRow.__dataclass_fields__]
