"""An attempt that lost its job changes nothing any more."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings
from jobs import handler, service
from jobs.handler import CancelRequested, Job, JobParams, LostAttempt
from jobs.progress import Progress, ProgressBoard
from store.database import Database, TransactionTimedOut
from store.jobs import get_job
from tests.engine import NoopHandler, make_effects_table, write_effect

pytestmark = pytest.mark.anyio

# One round trip of a worker that asks for no jobs.
PLAIN_END = """
select * from work_cycle(:worker, 'w', array[cast(:id as bigint)], '{1}', null, null, null, null, null, 0)
"""
OTHER_END = """
select * from work_cycle(:worker, 'w', null, null, null,
    jsonb_build_array(jsonb_build_object('id', cast(:id as bigint), 'attempt', 1, 'outcome', 'failed')),
    null, null, null, 0)
"""


async def fetched(database: Database) -> int:
    async with database.transaction() as conn:
        await service.submit(conn, NoopHandler, JobParams())
        job_id = await conn.scalar(text("select id from fetch_jobs(null, null, null, null, 1)"))
    return int(job_id)


async def rescue(database: Database, job_id: int) -> None:
    """What happens to the job of a dead worker: it goes back, and another worker takes it."""
    async with database.transaction() as conn:
        await conn.execute(
            text("select end_run(:id, 1, 'w', 'lost', 0, null, 'lost', 'gone', null, null, null, null)"),
            {"id": job_id},
        )
        await conn.execute(text("select id from fetch_jobs(null, null, null, null, 1)"))


def attempt_at(database: Database, job_id: int, number: int, folder: Path) -> Job:
    settings = Settings(matchday_home=folder)
    return Job(job_id, number, database, settings, lambda *_: None)


async def test_a_woken_attempt_cannot_write(database: Database, tmp_path: Path) -> None:
    await make_effects_table(database)
    job_id = await fetched(database)
    await rescue(database, job_id)
    with pytest.raises(LostAttempt):
        await write_effect(attempt_at(database, job_id, 1, tmp_path))
    await write_effect(attempt_at(database, job_id, 2, tmp_path))
    async with database.read() as conn:
        effects = await conn.execute(
            text("select attempt from test_effects where job_id = :id"), {"id": job_id}
        )
    assert [row.attempt for row in effects] == [2]


async def test_the_same_attempt_of_another_worker_cannot_write_nor_end(
    database: Database, tmp_path: Path
) -> None:
    await make_effects_table(database)
    job_id = await fetched(database)
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_active set worker_id = 8 where id = :id"), {"id": job_id})
    job = attempt_at(database, job_id, 1, tmp_path)
    job.worker_id = 7
    with pytest.raises(LostAttempt):
        await write_effect(job)
    async with database.transaction() as conn:
        for ends in PLAIN_END, OTHER_END:
            rows = await conn.execute(text(ends), {"id": job_id, "worker": 7})
            assert [row.id for row in rows if row.job_type is None and row.id == job_id]
        rows = await conn.execute(text(PLAIN_END), {"id": job_id, "worker": 8})
        assert not [row for row in rows if row.id == job_id]
    async with database.read() as conn:
        found = await get_job(conn, job_id)
    assert found is not None
    assert found.status == "completed"


async def test_a_cancelled_attempt_cannot_write(database: Database, tmp_path: Path) -> None:
    await make_effects_table(database)
    job_id = await fetched(database)
    async with database.transaction() as conn:
        await service.cancel(conn, job_id)
    with pytest.raises(CancelRequested):
        await write_effect(attempt_at(database, job_id, 1, tmp_path))


async def test_a_woken_attempt_cannot_report_progress(database: Database) -> None:
    job_id = await fetched(database)
    await rescue(database, job_id)
    board = ProgressBoard(database)
    board.report(job_id, 1, Progress(0.9, "old", "late"))
    board.report(job_id, 2, Progress(0.2, "new", "now"))
    await board.flush()
    async with database.read() as conn:
        job = await get_job(conn, job_id)
        old = await conn.scalar(
            text("select progress from job_runs where job_id = :id and attempt = 1"), {"id": job_id}
        )
    assert job is not None
    assert (job.progress, job.step, job.message) == (0.2, "new", "now")
    assert old == 0


async def test_a_woken_attempt_cannot_end_the_job(database: Database) -> None:
    job_id = await fetched(database)
    await rescue(database, job_id)
    async with database.transaction() as conn:
        status = await conn.scalar(
            text("select end_run(:id, 1, 'w', 'completed', null, null, null, null, null, null, null, null)"),
            {"id": job_id},
        )
        job = await get_job(conn, job_id)
    assert status is None
    assert job is not None
    assert (job.status, job.attempt) == ("running", 2)


async def test_an_idle_transaction_is_ended_by_the_server_and_says_why(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LONGEST_IDLE", timedelta(milliseconds=300))
    await make_effects_table(database)
    job = attempt_at(database, await fetched(database), 1, tmp_path)
    with pytest.raises(TransactionTimedOut, match="idle for too long"):
        async with job.transaction() as conn:
            await conn.execute(text("insert into test_effects values (:id, 1)"), {"id": job.id})
            await ended_by_the_server(database)
    await write_effect(job)
    async with database.read() as conn:
        count = await conn.scalar(
            text("select count(*) from test_effects where job_id = :id"), {"id": job.id}
        )
        setting = await conn.scalar(text("show idle_in_transaction_session_timeout"))
    assert (count, setting) == (1, "0")


async def test_a_silent_transaction_does_not_keep_its_job_from_the_others(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LONGEST_IDLE", timedelta(milliseconds=300))
    job = attempt_at(database, await fetched(database), 1, tmp_path)
    with pytest.raises(TransactionTimedOut):
        async with job.transaction():
            await ended_by_the_server(database)
            async with database.transaction() as conn:
                rescued = list(await conn.scalars(text("select job_id from rescue_jobs()")))
            assert rescued == [job.id]


async def ended_by_the_server(database: Database) -> None:
    """Returns once no transaction is idle any more."""
    looking = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and state = 'idle in transaction'"
    )
    async with asyncio.timeout(10):
        while True:
            async with database.read() as conn:
                if not await conn.scalar(looking):
                    return
            await asyncio.sleep(0.02)


async def test_the_same_attempt_of_another_worker_cannot_report_progress(database: Database) -> None:
    job_id = await fetched(database)
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_active set worker_id = 8 where id = :id"), {"id": job_id})
    board = ProgressBoard(database)
    for worker, fraction in ((8, 0.2), (7, 0.9)):
        board.report(job_id, 1, Progress(fraction, "fit", "", worker))
        await board.flush()
    async with database.read() as conn:
        job = await get_job(conn, job_id)
    assert job is not None
    assert job.progress == 0.2
