"""A handler may ask to run again later: no failure, no retry spent."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.schemas import JobOut
from config.settings import Settings
from jobs import service
from jobs.handler import Handler, Snooze
from jobs.testing import drain
from store.database import Database
from store.jobs import AttemptRow, JobRow, get_job, list_attempts
from tests.engine.limited import LimitedSnoozer, SnoozingHandler, SnoozingParams, SnoozingProcessHandler
from tests.engine.worker import has_ended, is_working, until, worker

pytestmark = pytest.mark.anyio
EITHER = pytest.mark.parametrize("handler", [SnoozingHandler, SnoozingProcessHandler])


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(_env_file=None, database_url=database_url, worker_preload="")


async def drained(
    database: Database, settings: Settings, handler: type[Handler[Any]], params: SnoozingParams
) -> tuple[JobRow, list[AttemptRow]]:
    """The job and its attempts when nothing is ready any more."""
    async with database.transaction() as conn:
        job_id = await service.submit(conn, handler, params)
    await drain(database, settings)
    async with database.read() as conn:
        job = await get_job(conn, job_id)
        attempts = await list_attempts(conn, job_id)
    assert job is not None
    return job, attempts


@EITHER
async def test_a_job_that_snoozes_runs_again_and_completes(
    database: Database, settings: Settings, handler: type[Handler[SnoozingParams]]
) -> None:
    job, attempts = await drained(database, settings, handler, SnoozingParams(naps=2))
    assert (job.status, job.attempt) == ("completed", 3)
    assert [one.outcome for one in attempts] == ["snoozed", "snoozed", "completed"]
    assert [one.error for one in attempts] == [None] * 3


@EITHER
async def test_a_nap_costs_no_retry(
    database: Database, settings: Settings, handler: type[Handler[SnoozingParams]]
) -> None:
    job, attempts = await drained(database, settings, handler, SnoozingParams(naps=4, then_fails=1))
    assert (job.status, [one.outcome for one in attempts][-2:]) == ("completed", ["failed", "completed"])
    job, attempts = await drained(database, settings, handler, SnoozingParams(naps=4, then_fails=2))
    assert (job.status, [one.outcome for one in attempts][-2:]) == ("failed", ["failed", "failed"])


async def test_a_long_nap_waits_for_its_time(database: Database, settings: Settings) -> None:
    job, attempts = await drained(database, settings, SnoozingHandler, SnoozingParams(seconds=3_600))
    assert (job.status, job.attempt, job.started_at) == ("pending", 1, attempts[0].started_at)
    assert job.run_after is not None
    finished_at = attempts[0].finished_at
    assert finished_at is not None
    assert abs(job.run_after - finished_at - timedelta(hours=1)) < timedelta(seconds=1)


async def test_a_short_nap_ends_by_itself(database: Database) -> None:
    with worker(database.url, "--handlers", "tests.engine.limited"):
        async with database.transaction() as conn:
            job_id = await service.submit(conn, SnoozingHandler, SnoozingParams(naps=1, seconds=0.3))
        job = await until(database, job_id, has_ended)
    async with database.read() as conn:
        first, second = await list_attempts(conn, job_id)
    assert job.status == "completed"
    assert first.finished_at is not None
    assert second.started_at - first.finished_at >= timedelta(seconds=0.3)


async def test_who_naps_gives_up_the_place_under_its_limit(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        ids = [
            await service.submit(conn, LimitedSnoozer, SnoozingParams(naps=naps, seconds=3_600))
            for naps in (1, 0)
        ]
    await drain(database, settings)
    async with database.read() as conn:
        jobs = [await get_job(conn, job_id) for job_id in ids]
    assert [job.status for job in jobs if job] == ["pending", "completed"]


async def test_a_nap_longer_than_time_itself_fails_its_job(database: Database, settings: Settings) -> None:
    endless = timedelta(days=999_999_999).total_seconds()
    job, _ = await drained(database, settings, SnoozingHandler, SnoozingParams(seconds=endless))
    assert job.status == "failed"
    assert job.error is not None
    assert "out of range" in job.error


@EITHER
async def test_who_was_cancelled_does_not_come_back_from_a_nap(
    database: Database, handler: type[Handler[SnoozingParams]]
) -> None:
    """The handler in the loop snoozes though it was told to stop; the process is killed."""
    with worker(database.url, handlers="tests.engine.limited"):
        async with database.transaction() as conn:
            job_id = await service.submit(conn, handler, SnoozingParams(works=20))
        await until(database, job_id, is_working)
        async with database.transaction() as conn:
            await service.cancel(conn, job_id)
        job = await until(database, job_id, has_ended)
    async with database.read() as conn:
        attempts = await list_attempts(conn, job_id)
    assert (job.status, job.error) == ("cancelled", None)
    assert [one.outcome for one in attempts] == ["cancelled"]


def test_there_is_no_nap_into_the_past() -> None:
    assert Snooze(timedelta(seconds=-5)).seconds == 0


async def test_a_nap_shows_that_the_job_does_not_kill_its_worker(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, SnoozingHandler, SnoozingParams(naps=1, seconds=3_600))
        await conn.execute(text("update jobs_active set losses = 2 where id = :id"), {"id": job_id})
    await drain(database, settings)
    async with database.read() as conn:
        losses = await conn.scalar(text("select losses from jobs_active where id = :id"), {"id": job_id})
    assert losses == 0


async def test_a_job_that_sleeps_does_not_run(database: Database, settings: Settings) -> None:
    job, _ = await drained(database, settings, SnoozingHandler, SnoozingParams(seconds=3_600))
    assert job.started_at is not None
    assert JobOut.of(job).seconds is None
