"""The steps of pipelines: planned together, then started and ended one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import pipeline_jobs


@dataclass(frozen=True)
class StepRow:
    """One step of a pipeline, as its latest attempt left it."""

    step: str
    position: int
    status: str
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, Any]
    error: str | None

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


async def plan_steps(conn: AsyncConnection, pipeline_id: int, attempt: int, steps: Sequence[str]) -> None:
    """Writes every step as pending; those of an earlier attempt start anew."""
    rows = [
        {"pipeline_id": pipeline_id, "step": step, "position": position, "attempt": attempt}
        for position, step in enumerate(steps, start=1)
    ]
    fresh: dict[str, Any] = {
        "attempt": attempt,
        "started_at": None,
        "finished_at": None,
        "counts": {},
        "error": None,
    }
    planned = insert(pipeline_jobs).values([{**row, "status": "pending", "counts": {}} for row in rows])
    await conn.execute(
        planned.on_conflict_do_update(
            index_elements=["pipeline_id", "step"], set_={**fresh, "status": "pending"}
        )
    )


async def start_step(conn: AsyncConnection, pipeline_id: int, step: str) -> None:
    await _change(conn, pipeline_id, step, status="running", started_at=func.clock_timestamp())


async def complete_step(conn: AsyncConnection, pipeline_id: int, step: str, counts: dict[str, Any]) -> None:
    await _change(
        conn, pipeline_id, step, status="completed", finished_at=func.clock_timestamp(), counts=counts
    )


async def skip_step(conn: AsyncConnection, pipeline_id: int, step: str) -> None:
    await _change(conn, pipeline_id, step, status="skipped")


async def pipeline_steps(conn: AsyncConnection, pipeline_id: int) -> list[StepRow]:
    """The steps in their order; none for a job that is no pipeline."""
    columns = [pipeline_jobs.c[name] for name in StepRow.__dataclass_fields__]
    found = (
        select(*columns).where(pipeline_jobs.c.pipeline_id == pipeline_id).order_by(pipeline_jobs.c.position)
    )
    return [StepRow(**row._mapping) for row in await conn.execute(found)]


async def _change(conn: AsyncConnection, pipeline_id: int, step: str, **values: Any) -> None:
    await conn.execute(
        update(pipeline_jobs)
        .where(pipeline_jobs.c.pipeline_id == pipeline_id, pipeline_jobs.c.step == step)
        .values(**values)
    )
