"""A handler that wants to run again later: no failure, no lost retry, in the loop and in a process."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs import service
from store.database import Database
from tests.engine import ProcessSnoozeHandler, SnoozeHandler, SnoozeParams
from tests.engine.worker import has_ended, is_working, until, worker

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("handler", [SnoozeHandler, ProcessSnoozeHandler])]


async def submitted(database: Database, handler: type[SnoozeHandler], params: SnoozeParams) -> int:
    async with database.transaction() as conn:
        return await service.submit(conn, handler, params)


async def outcomes(database: Database, job_id: int) -> Sequence[str]:
    async with database.read() as conn:
        found = text("select outcome from job_runs where job_id = :id order by attempt")
        return list(await conn.scalars(found, {"id": job_id}))


async def test_a_snooze_is_an_attempt_and_no_failure(
    database: Database, handler: type[SnoozeHandler]
) -> None:
    """The one retry is still there after two snoozes, and it is spent only once."""
    heals = await submitted(database, handler, SnoozeParams(times=2, fails=1))
    fails = await submitted(database, handler, SnoozeParams(times=2, fails=2))
    with worker(database.url):
        healed, failed = await until(database, heals, has_ended), await until(database, fails, has_ended)
    assert (healed.status, healed.attempt, healed.result) == ("completed", 4, {"value": 4})
    assert (failed.status, failed.attempt, failed.error) == ("failed", 4, "Transient: try later")
    assert await outcomes(database, heals) == ["snoozed", "snoozed", "failed", "completed"]
    assert await outcomes(database, fails) == ["snoozed", "snoozed", "failed", "failed"]


async def test_a_long_snooze_is_a_time_in_the_table(database: Database, handler: type[SnoozeHandler]) -> None:
    year = await submitted(database, handler, SnoozeParams(seconds=366 * 86_400))
    past = await submitted(database, handler, SnoozeParams(seconds=-5))
    endless = await submitted(
        database, handler, SnoozeParams(seconds=timedelta(days=999_999_999).total_seconds())
    )
    with worker(database.url):
        job = await until(database, year, lambda job: job.attempt == 1 and job.status == "pending")
        assert (await until(database, past, has_ended)).status == "completed"
        refused = await until(database, endless, has_ended)
    assert job.run_after is not None
    assert timedelta(days=366) <= job.run_after - job.created_at < timedelta(days=366, minutes=1)
    assert (job.error, await outcomes(database, year)) == (None, ["snoozed"])
    assert refused.status == "failed"
    assert refused.error is not None
    assert "out of range" in refused.error


async def test_a_snooze_of_a_job_that_was_cancelled_ends_it(
    database: Database, handler: type[SnoozeHandler]
) -> None:
    with worker(database.url):
        job_id = await submitted(database, handler, SnoozeParams(works=20))
        await until(database, job_id, is_working)
        async with database.transaction() as conn:
            await service.cancel(conn, job_id)
        job = await until(database, job_id, has_ended)
    assert (job.status, job.attempt, job.error) == ("cancelled", 1, None)
    assert await outcomes(database, job_id) == ["cancelled"]
