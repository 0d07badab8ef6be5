"""The steps of a pipeline, as its row and the end of its run leave them."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs import service
from jobs.handler import JobParams
from store.database import Database
from store.pipelines import complete_step, pipeline_steps, plan_steps, skip_step, start_step
from tests.engine import NoopHandler

pytestmark = pytest.mark.anyio


async def planned(conn: AsyncConnection) -> int:
    job_id = await service.submit(conn, NoopHandler, JobParams())
    await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))
    await plan_steps(conn, job_id, 1, ["read", "fit", "write"])
    await start_step(conn, job_id, "read")
    await complete_step(conn, job_id, "read", {"rows": 3})
    await start_step(conn, job_id, "fit")
    return job_id


async def end(conn: AsyncConnection, job_id: int, outcome: str, comes_back: bool = False) -> None:
    await conn.execute(
        text(
            "select end_run(:id, 1, 'w', :outcome, case when :back then 0.0 end, null,"
            " case :outcome when 'failed' then 'error' end, case :outcome when 'failed' then 'no luck' end,"
            " null, null, null, null)"
        ),
        {"id": job_id, "outcome": outcome, "back": comes_back},
    )


async def statuses(conn: AsyncConnection, job_id: int) -> list[tuple[str, str, str | None]]:
    return [(step.step, step.status, step.error) for step in await pipeline_steps(conn, job_id)]


async def test_steps_stand_in_their_order_with_times_and_counts(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await planned(conn)
        await skip_step(conn, job_id, "write")
        read, fit, write = await pipeline_steps(conn, job_id)
    assert (read.status, read.counts) == ("completed", {"rows": 3})
    assert read.seconds is not None
    assert read.seconds >= 0
    assert (fit.status, fit.seconds, write.status) == ("running", None, "skipped")


async def test_a_failed_run_shows_the_step_that_failed(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await planned(conn)
        await end(conn, job_id, "failed")
        assert await statuses(conn, job_id) == [
            ("read", "completed", None),
            ("fit", "failed", "no luck"),
            ("write", "pending", None),
        ]


async def test_an_interrupted_run_leaves_its_step_pending(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await planned(conn)
        await end(conn, job_id, "interrupted", comes_back=True)
        assert [status for _, status, _ in await statuses(conn, job_id)] == [
            "completed",
            "pending",
            "pending",
        ]


async def test_a_new_attempt_plans_its_steps_anew(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await planned(conn)
        await end(conn, job_id, "failed")
        await plan_steps(conn, job_id, 2, ["read", "fit", "write"])
        steps = await pipeline_steps(conn, job_id)
    assert {(step.status, step.attempt, step.error, step.finished_at) for step in steps} == {
        ("pending", 2, None, None)
    }
    assert [step.counts for step in steps] == [{}, {}, {}]


async def test_a_job_that_is_no_pipeline_has_no_steps(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
        assert await pipeline_steps(conn, job_id) == []
