"""What was kept long enough goes by itself, in batches, by one worker at a time."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from config.settings import Settings
from jobs.retention import BATCH, LOCK, Retention
from store.database import Database
from store.jobs import count_by_status
from tests.engine.worker import eventually

pytestmark = pytest.mark.anyio
KEPT = Settings(retention_completed_days=30, retention_failed_days=90, retention_cancelled_days=0)


async def finish(database: Database, status: str, days_ago: int, jobs: int = 1) -> None:
    """Jobs that ended so long ago, each with its run."""
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "with added as ("
                " insert into procrastinate_jobs (queue_name, task_name, status, attempts, finished_at)"
                " select 'default', 'test_noop', cast(:status as procrastinate_job_status), 1,"
                "        now() - make_interval(days => :days)"
                " from generate_series(1, :jobs) returning id)"
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
