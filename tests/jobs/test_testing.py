"""The helpers that tests of handlers are given."""

import pytest

from config.settings import Settings
from jobs import service
from jobs.handler import JobParams, Snooze
from jobs.testing import drain, run_inline
from store.database import Database
from store.jobs import JobRow, count_by_status, get_job, list_attempts
from store.workers import list_workers
from tests.engine import LoopHandler, ModeParams, NoopHandler, Outcome, ProcessHandler
from tests.engine.limited import SnoozingHandler, SnoozingParams

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(_env_file=None, database_url=database_url, worker_preload="")


async def shown(database: Database, job_id: int) -> JobRow:
    async with database.read() as conn:
        job = await get_job(conn, job_id)
    assert job is not None
    return job


async def test_a_handler_is_run_here_and_its_job_ends(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        other = await service.submit(conn, NoopHandler, JobParams(), priority=9)
    job_id, result = await run_inline(database, settings, LoopHandler, ModeParams())
    assert result == Outcome(value="done")
    job = await shown(database, job_id)
    assert (job.status, job.result, job.attempt) == ("completed", {"value": "done"}, 1)
    assert (await shown(database, other)).status == "pending"


async def test_what_the_handler_raises_is_raised_and_its_job_has_failed(
    database: Database, settings: Settings
) -> None:
    with pytest.raises(ValueError, match="bad"):
        await run_inline(database, settings, LoopHandler, ModeParams(mode="error"))
    async with database.read() as conn:
        assert (await count_by_status(conn))["failed"] == 1
        [attempt] = await list_attempts(conn, 1)
    assert (attempt.outcome, attempt.error_kind) == ("failed", "error")
    assert attempt.trace is not None
    assert "ValueError: bad" in attempt.trace


async def test_all_ready_jobs_are_run_in_this_process(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        await service.submit_many(conn, NoopHandler, [JobParams()] * 50)
        await service.submit(conn, LoopHandler, ModeParams(mode="transient"))
        await service.submit(conn, ProcessHandler, ModeParams())
    await drain(database, settings)
    async with database.read() as conn:
        counts = await count_by_status(conn)
        assert await list_workers(conn) == []
    assert counts == {"pending": 0, "running": 0, "completed": 51, "failed": 1, "cancelled": 0}


async def test_a_handler_that_snoozes_says_so_and_its_job_sleeps(
    database: Database, settings: Settings
) -> None:
    with pytest.raises(Snooze):
        await run_inline(database, settings, SnoozingHandler, SnoozingParams(naps=1, seconds=3_600))
    job = await shown(database, 1)
    assert (job.status, job.error) == ("pending", None)
    assert job.run_after is not None
