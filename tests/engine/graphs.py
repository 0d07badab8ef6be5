"""Pipelines for tests: written as names, moved on as workers would, looked at by the steps' names."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.batches import BatchJob
from jobs.pipelines import Step, submit_pipeline
from store.database import Database
from store.pipelines import graph_steps
from tests.engine import SumHandler, SumParams

DIAMOND = {"a": "", "b": "a", "c": "a", "d": "b c"}


def steps_of(graph: Mapping[str, str], **params: SumParams) -> list[Step]:
    """Steps by their names, each with the names that it comes after."""
    return [
        Step(name, BatchJob(SumHandler, params.get(name, SumParams(add=1))), tuple(after.split()))
        for name, after in graph.items()
    ]


async def submitted(database: Database, graph: Mapping[str, str], **params: SumParams) -> dict[str, int]:
    """The ids of the steps of a new pipeline; that of the first is the pipeline's."""
    async with database.transaction() as conn:
        pipeline_id = await submit_pipeline(conn, steps_of(graph, **params))
        return {step.name: step.job_id for step in await graph_steps(conn, pipeline_id)}


async def statuses(database: Database, pipeline_id: int) -> dict[str, str]:
    async with database.read() as conn:
        return {step.name: step.status for step in await graph_steps(conn, pipeline_id)}


async def take(conn: AsyncConnection, count: int = 100) -> list[int]:
    """The jobs that were ready are running now."""
    found = text("select id from fetch_jobs(null, null, null, null, :count) order by id")
    return list(await conn.scalars(found, {"count": count}))


async def end(conn: AsyncConnection, job_id: int, outcome: str = "completed", result: Any = None) -> None:
    """Ends the running attempt of a job."""
    ended = await conn.scalar(
        text(
            "select end_run(:id, (select attempts + 1 from jobs_active where id = :id), 'w', :outcome, null,"
            " cast(:result as jsonb), null, null, null, null, null, null)"
        ),
        {"id": job_id, "outcome": outcome, "result": result},
    )
    assert ended == outcome
