"""The steps of pipelines: of those within one job, and of those whose steps are jobs of their own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.queue import pipeline_jobs


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


@dataclass(frozen=True)
class GraphStep:
    """One step of a pipeline of jobs, as its current attempt stands."""

    job_id: int
    name: str
    job_type: str
    after: list[str]
    status: str
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    progress: float
    message: str
    result: Any
    error_kind: str | None
    error: str | None


async def graph_of(conn: AsyncConnection, job_id: int) -> int | None:
    """The pipeline of jobs that this job is a step of."""
    graph_id: int | None = await conn.scalar(query("graph_of"), {"id": job_id})
    return graph_id


async def graph_steps(conn: AsyncConnection, graph_id: int, *, results: bool = False) -> list[GraphStep]:
    """In the order in which they were given; without their results, which may be large, unless asked for."""
    rows = await conn.execute(query("graph_steps"), {"graph_id": graph_id, "results": results})
    return [GraphStep(**row._mapping) for row in rows]


async def step_statuses(conn: AsyncConnection, graph_id: int) -> dict[int, str]:
    rows = await conn.execute(query("step_statuses"), {"graph_id": graph_id})
    return {row.id: row.status for row in rows}


def pipeline_status(steps: Collection[str]) -> str:
    """Of the whole: it runs while any of its steps can still move; the worst end of a step is its end."""
    if "pending" in steps or "running" in steps:
        return "pending" if set(steps) == {"pending"} else "running"
    return next(status for status in ("failed", "cancelled", "completed") if status in steps)


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
