"""Runs that predicted: what each did, and how good the predictions of the month before it were by then."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.models import prediction_runs

LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewPredictionRun:
    """What a job did for the fixtures between `as_of` and `horizon_at`; `bets` are from one bankroll."""

    job_id: int
    as_of: datetime
    horizon_at: datetime
    model_id: int
    leagues: int
    fixtures: int
    predictions: int
    picks: int
    bets: int


@dataclass(frozen=True, slots=True)
class PredictionRunRow:
    """A run with its figures of the 30 days before it.

    Of `judged` predicted matches the result was known: the last prediction before kick-off counts. `roi` is
    profit by stake of the bets settled in these days. What there was nothing for is None.
    """

    job_id: int
    as_of: datetime
    horizon_at: datetime
    model_id: int | None
    seconds: float
    leagues: int
    fixtures: int
    predictions: int
    picks: int
    bets: int
    judged: int
    accuracy: float | None
    log_loss: float | None
    roi: float | None
    created_at: datetime


async def save_prediction_run(
    conn: AsyncConnection, new: NewPredictionRun, bankroll: str
) -> PredictionRunRow:
    """Keeps what the job did, in place of what an earlier attempt of it did.

    Its seconds are those since the job started. The return is that of the bankroll's bets.
    """
    asked = {"job_id": new.job_id, "as_of": new.as_of, "since": new.as_of - LOOK_BACK, "bankroll": bankroll}
    record = (await conn.execute(query("prediction_record"), asked)).one()
    values = {**asdict(new), **record._mapping}
    adding = insert(prediction_runs).values(**values)
    again = adding.on_conflict_do_update(index_elements=["job_id"], set_=values)
    return PredictionRunRow(*(await conn.execute(again.returning(*_columns()))).one())


async def list_prediction_runs(
    conn: AsyncConnection, *, before: int | None = None, limit: int = 50
) -> list[PredictionRunRow]:
    """The newest job first; only those of jobs added before that one, if given."""
    found = select(*_columns()).order_by(prediction_runs.c.job_id.desc()).limit(limit)
    if before is not None:
        found = found.where(prediction_runs.c.job_id < before)
    return [PredictionRunRow(*row) for row in await conn.execute(found)]


def _columns() -> list[Any]:
    return [prediction_runs.c[name] for name in PredictionRunRow.__dataclass_fields__]
