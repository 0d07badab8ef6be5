"""What was kept long enough goes by itself, in batches, by one worker at a time."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from config.settings import Settings
from jobs.handler import JobParams
from jobs.retention import BATCH, LOCK, Retention
from jobs.service import KeptFor, cancel, delete_finished, retry, submit_many
from jobs.testing import drain
from store.database import Database
from store.jobs import count_by_status
from tests.engine import NoopHandler
from tests.engine.worker import eventually

pytestmark = pytest.mark.anyio
KEPT = Settings(retention_completed_days=30, retention_failed_days=90, retention_cancelled_days=0)


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(_env_file=None, database_url=database_url, worker_preload="")


async def finish(database: Database, status: str, days_ago: int, jobs: int = 1) -> None:
    """Jobs that ended so long ago, each with its run."""
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "with added as ("
                " insert into procrastinate_jobs"
                "  (queue_name, task_name, status, attempts, created_at, finished_at)"
                " select 'default', 'test_noop', cast(:status as procrastinate_job_status), 1, ended, ended"
                " from generate_series(1, :jobs), (select now() - make_interval(days => :days) as ended) e"
                " returning id)"
                " insert into job_runs (job_id, attempt, worker, started_at)"
                " select id, 1, 'w', now() from added"
            ),
            {"status": status, "days": days_ago, "jobs": jobs},
        )


async def left(database: Database) -> dict[str, int]:
    async with database.read() as conn:
        await conn.execute(text("set transaction isolation level repeatable read"))
        counts = await count_by_status(conn)
        runs = await conn.scalar(text("select count(*) from job_runs"))
    assert runs == sum(counts.values())
    return {status: count for status, count in counts.items() if count}


async def delete_all(database: Database, settings: Settings = KEPT) -> Sequence[int]:
    """The sizes of the batches."""
    retention, batches = Retention(database, settings), []
    while batch := await retention.delete_a_batch():
        batches.append(batch)
    return batches


async def test_each_status_is_kept_as_long_as_told(database: Database) -> None:
    for status in ("succeeded", "failed", "cancelled", "aborted"):
        for days_ago in (1, 31, 91, 1_000):
            await finish(database, status, days_ago)
    assert sum(await delete_all(database)) == 5
    assert await left(database) == {"completed": 1, "failed": 2, "cancelled": 8}


async def test_all_may_be_kept_for_ever(database: Database) -> None:
    await finish(database, "succeeded", 3_000)
    for_ever = Settings(retention_completed_days=0, retention_failed_days=0, retention_cancelled_days=0)
    assert await delete_all(database, for_ever) == []
    assert await left(database) == {"completed": 1}


async def test_what_is_old_goes_in_batches(database: Database) -> None:
    await finish(database, "succeeded", 31, jobs=2 * BATCH + 5)
    await finish(database, "succeeded", 1, jobs=3)
    assert await delete_all(database) == [BATCH, BATCH, 5]
    assert await left(database) == {"completed": 3}


async def test_one_worker_deletes_at_a_time(database: Database) -> None:
    await finish(database, "succeeded", 31)
    async with database.transaction() as conn:
        await conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        assert await delete_all(database) == []
    assert await delete_all(database) == [1]


async def test_it_goes_on_until_nothing_is_left(database: Database) -> None:
    await finish(database, "succeeded", 31, jobs=BATCH + 1)
    running = asyncio.create_task(Retention(database, KEPT).run())
    await eventually(lambda: left(database), lambda jobs: jobs == {})
    running.cancel()


async def test_the_history_is_not_walked_through(database: Database) -> None:
    """However much of it there is, and whatever of it is kept for ever."""
    await finish(database, "failed", 10, jobs=2_000)
    await finish(database, "succeeded", 5, jobs=5_000)
    few = await blocks_read(database, completed=7, failed=0, cancelled=7)
    await finish(database, "succeeded", 5, jobs=20_000)
    many = await blocks_read(database, completed=7, failed=0, cancelled=7)
    assert many < 1.5 * few
    assert await blocks_read(database, completed=0, failed=0, cancelled=7) < 100


async def blocks_read(database: Database, **days: float) -> int:
    """How many blocks a clean-up looks at that finds nothing."""
    kept = KeptFor.days(**days)
    async with database.transaction() as conn:
        await conn.execute(text("analyze procrastinate_jobs"))
        for _ in range(2):  # the first has to look up what a new session does not know yet
            explained = await conn.execute(
                text(
                    "explain (analyze, buffers, format json) select delete_finished_jobs(cast(:completed"
                    " as interval), cast(:failed as interval), cast(:cancelled as interval), 1000)"
                ),
                vars(kept),
            )
            plan = explained.scalar_one()[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_jobs_from_when_the_clock_was_ahead_do_not_stop_it(database: Database) -> None:
    await finish(database, "succeeded", -365, jobs=200)
    await finish(database, "succeeded", 31, jobs=3)
    assert await delete_all(database) == [3]


async def test_a_job_that_was_tried_again_counts_from_its_last_end(database: Database) -> None:
    await finish(database, "succeeded", 31, jobs=2)
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_finished set finished_at = now() where id = 1"))
    assert await delete_all(database) == [1]
    assert await left(database) == {"completed": 1}


async def test_the_queue_goes_on_while_a_batch_is_deleted(database: Database, settings: Settings) -> None:
    await finish(database, "succeeded", 31, jobs=BATCH)
    await finish(database, "failed", 100, jobs=10)
    async with database.transaction() as deleting, asyncio.timeout(20):
        assert await delete_finished(deleting, KeptFor.days(30, 90, 90), BATCH) == BATCH
        async with database.transaction() as conn:
            ids = await submit_many(conn, NoopHandler, [JobParams()] * 50)
            await cancel(conn, ids[0])
        await drain(database, settings)
        async with database.transaction() as conn:
            await retry(conn, ids[0])
            # Another clean-up leaves alone what this one holds.
            assert await delete_finished(conn, KeptFor.days(30, 90, 90), BATCH) == 10
        await drain(database, settings)
        await deleting.rollback()
    assert await left(database) == {"completed": BATCH + 50}


async def test_starts_of_limits_nobody_uses_are_forgotten(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text("insert into limits (key, starts, per) values ('hourly', 5, interval '1 hour')")
        )
        await conn.execute(
            text(
                "insert into limit_starts values ('gone', now()), ('hourly', now() - interval '2 hours'),"
                " ('hourly', now())"
            )
        )
    assert sum(await delete_all(database)) == 2
    async with database.read() as conn:
        assert await conn.scalar(text("select count(*) from limit_starts")) == 1
