"""Lists, counts and their plans: every list is served by an index."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs import service
from jobs.handler import JobParams
from store.database import Database
from store.jobs import (
    JobFilter,
    cancellable_jobs,
    count_by_status,
    job_type_stats,
    list_jobs,
    live_workers,
    queue_depths,
)
from tests.engine import KeyedHandler, KeyedParams, NoopHandler

pytestmark = pytest.mark.anyio


async def some_jobs(conn: AsyncConnection) -> list[int]:
    ids = [await service.submit(conn, NoopHandler, JobParams()) for _ in range(3)]
    ids.append(await service.submit(conn, KeyedHandler, KeyedParams(key="a")))
    await service.cancel(conn, ids[0])
    return ids


async def found(conn: AsyncConnection, wanted: JobFilter) -> list[int]:
    return [job.id for job in await list_jobs(conn, wanted)]


async def test_lists_are_filtered_and_newest_first(database: Database) -> None:
    async with database.transaction() as conn:
        a, b, c, d = await some_jobs(conn)
        assert await found(conn, JobFilter()) == [d, c, b, a]
        assert await found(conn, JobFilter(statuses=("cancelled",))) == [a]
        assert await found(conn, JobFilter(statuses=("cancelled", "pending"), job_type="test_noop")) == [
            c,
            b,
            a,
        ]
        assert await found(conn, JobFilter(queue="keyed")) == [d]
        assert await found(conn, JobFilter(created_since=datetime.now(UTC) + timedelta(hours=1))) == []


async def test_pages_meet_without_gap_or_overlap(database: Database) -> None:
    async with database.transaction() as conn:
        ids = await some_jobs(conn)
        seen: list[int] = []
        page = await list_jobs(conn, JobFilter(), limit=3)
        while page:
            seen += [job.id for job in page]
            page = await list_jobs(conn, JobFilter(), after=page[-1].id, limit=3)
    assert seen == ids[::-1]


async def test_counts_tell_every_status_and_queue(database: Database) -> None:
    async with database.transaction() as conn:
        await some_jobs(conn)
        counts = await count_by_status(conn)
        (default, keyed) = sorted(await queue_depths(conn), key=lambda depth: depth.queue)
        kinds = {stats.job_type: stats.counts for stats in await job_type_stats(conn)}
        assert await live_workers(conn, timedelta(seconds=30)) == 0
    assert counts == {"pending": 3, "running": 0, "completed": 0, "failed": 0, "cancelled": 1}
    assert (default.queue, default.pending, keyed.queue, keyed.pending) == ("default", 2, "keyed", 1)
    assert kinds == {"test_noop": {"pending": 2, "cancelled": 1}, "test_keyed": {"pending": 1}}


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("true", "jobs_finished_pkey"),
        ("procrastinate_status = 'failed'", "jobs_finished_failed"),
        ("procrastinate_status in ('cancelled', 'aborted')", "jobs_finished_cancelled"),
        ("job_type = 'rare'", "jobs_finished_type"),
        ("created_at >= now() - interval '1 minute'", "jobs_finished_created"),
    ],
)
async def test_a_page_of_many_jobs_is_read_from_an_index(
    database: Database, condition: str, index: str
) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_jobs (queue_name, task_name, status, created_at, finished_at)"
                " select 'default', 'common', 'succeeded', now() - n * interval '1 minute', now()"
                " from generate_series(1, 20000) n order by n desc"
            )
        )
        await conn.execute(text("analyze procrastinate_jobs"))
        plan = await conn.execute(
            text(  # the conditions are the parameters of this test, not input
                "explain select id, job_type, status, progress, error, finished_at from job_queue"
                f" where {condition} order by id desc limit 50"
            )
        )
        lines = "\n".join(row[0] for row in plan)
    assert index in lines
    assert "Seq Scan on jobs_finished" not in lines


@pytest.mark.parametrize(
    ("condition", "index"), [("true", "jobs_active_pkey"), ("job_type = 'rare'", "jobs_active_type")]
)
async def test_the_jobs_to_cancel_are_read_from_an_index(
    database: Database, condition: str, index: str
) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_jobs (queue_name, task_name)"
                " select 'default', 'common' from generate_series(1, 20000)"
            )
        )
        await conn.execute(text("analyze procrastinate_jobs"))
        plan = await conn.scalars(
            text(  # as cancellable_jobs writes it
                "explain select id from job_queue where procrastinate_status in ('todo', 'doing')"
                f" and not cancel_requested and id > 0 and {condition} order by id limit 1000"
            )
        )
        lines = "\n".join(plan)
    assert index in lines
    assert "Seq Scan" not in lines
    assert "job_runs" not in lines


async def test_jobs_to_cancel_come_in_pages_of_those_that_can_be(database: Database) -> None:
    async with database.transaction() as conn:
        cancelled, running, b, c = await some_jobs(conn)
        await conn.execute(text("update jobs_active set status = 'doing' where id = :id"), {"id": running})
        assert await cancellable_jobs(conn, JobFilter(), limit=2) == [running, b]
        assert await cancellable_jobs(conn, JobFilter(), after=b, limit=2) == [c]
        assert await cancellable_jobs(conn, JobFilter(ids=(cancelled, c)), limit=9) == [c]
        await service.cancel(conn, running)
        assert await cancellable_jobs(conn, JobFilter(), limit=9) == [b, c]
