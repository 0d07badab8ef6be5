"""Real workers share limits: never more at once, never more starts in any interval, no place is left."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import pytest
from procrastinate import App, PsycopgConnector
from sqlalchemy import text

from jobs.limits import block_limit
from store.database import Database
from store.jobs import JobFilter, count_by_status, list_jobs
from store.workers import list_workers
from tests.engine.limited import (
    OtherLimitedHandler,
    make_spans_table,
    submitted,
)
from tests.engine.worker import eventually, has_ended, is_working, until, worker

pytestmark = pytest.mark.anyio
# Nothing but a notification is this quick: a worker looks by itself once a second.
AT_ONCE = timedelta(seconds=0.4)


a_worker = partial(worker, handlers="tests.engine.limited")


async def test_two_workers_never_run_more_at_once(database: Database) -> None:
    await make_spans_table(database)
    with a_worker(database.url), a_worker(database.url):
        # On a busy machine one could have done everything before the other is there.
        await eventually(partial(registered, database), lambda workers: workers == 2)
        await submitted(database, 40, at_once=3, seconds=0.03)
        await all_completed(database, 40)
    async with database.read() as conn:
        spans = (await conn.execute(text("select began_at, ended_at from test_spans"))).all()
        workers = list(await conn.scalars(text("select distinct worker from job_runs")))
    assert most_at_once([(began, ended) for began, ended in spans]) == 3
    assert (len(spans), len(workers)) == (40, 2)


async def test_two_workers_never_start_more_within_any_interval(database: Database) -> None:
    await make_spans_table(database)
    await submitted(database, 16, starts=5, per=0.6)
    with a_worker(database.url), a_worker(database.url):
        await all_completed(database, 16)
    starts = await started(database)
    sixth_later = [later - first for first, later in zip(starts, starts[5:], strict=False)]
    assert min(sixth_later) > timedelta(seconds=0.6)
    # As soon as the limit opens, and not when a worker happens to look.
    assert starts[15] - starts[0] < timedelta(seconds=3 * 0.6) + 3 * AT_ONCE


async def registered(database: Database) -> int:
    async with database.read() as conn:
        return len(await list_workers(conn))


async def all_completed(database: Database, jobs: int) -> None:
    async def look() -> int:
        async with database.read() as conn:
            return (await count_by_status(conn))["completed"]

    await eventually(look, lambda completed: completed == jobs)


async def started(database: Database) -> list[datetime]:
    """When the jobs were taken."""
    async with database.read() as conn:
        jobs = await list_jobs(conn, JobFilter(), limit=100)
    return sorted(job.started_at for job in jobs if job.started_at)


def most_at_once(spans: Sequence[tuple[datetime, datetime]]) -> int:
    changes = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


async def test_a_free_place_wakes_a_worker_of_whatever_queue(database: Database) -> None:
    """However it became free: the first job completes, or it waits for its retry."""
    await make_spans_table(database)
    late = []
    with a_worker(database.url, "--queues", "default"), a_worker(database.url, "--queues", "other"):
        for number, fails in enumerate([False, True] * 3):
            key = f"k{number}"
            [first] = await submitted(database, 1, key=key, at_once=1, seconds=0.3, fails=fails)
            await until(database, first, is_working)
            [second] = await submitted(database, 1, handler=OtherLimitedHandler, key=key, at_once=1)
            after = await until(database, second, has_ended)
            assert after.started_at is not None
            async with database.read() as conn:
                [left_at] = await conn.scalars(
                    text("select finished_at from job_runs where job_id = :id"), {"id": first}
                )
            late.append(after.started_at - left_at)
    assert min(late) >= timedelta(0)
    assert median(late) < AT_ONCE, late  # not the longest: a busy machine is no fault of the code


async def test_workers_go_on_when_a_block_ends(database: Database) -> None:
    await make_spans_table(database)
    late = []
    with a_worker(database.url):
        [warm] = await submitted(database, 1)
        await until(database, warm, has_ended)
        for seconds in (0.6, 0.7, 0.8, 0.9):
            async with database.transaction() as conn:
                await block_limit(conn, "k", timedelta(seconds=seconds))
                blocked_until = await conn.scalar(text("select blocked_until from limits where key = 'k'"))
            [job_id] = await submitted(database, 1)
            job = await until(database, job_id, has_ended)
            assert job.started_at is not None
            late.append(job.started_at - blocked_until)
    assert min(late) >= timedelta(0)
    assert median(late) < AT_ONCE, late  # not the longest: a busy machine is no fault of the code


async def test_a_stock_procrastinate_worker_keeps_limits(database: Database) -> None:
    spans: list[str] = []
    app = App(connector=PsycopgConnector(conninfo=database.url))

    async def note(**_: Any) -> None:
        spans.append("began")
        await asyncio.sleep(0.01)
        spans.append("ended")

    app.task(name="test_limited")(note)
    await submitted(database, 3, at_once=1)
    async with app.open_async():
        for _ in range(3):  # each ends when there is nothing that it may begin
            await app.run_worker_async(wait=False, concurrency=3, install_signal_handlers=False)
        assert spans == ["began", "ended"] * 3
        await app.configure_task("test_limited").defer_async()  # knows of no limit
    async with database.read() as conn:
        assert await conn.scalar(text("select limit_key from jobs_active")) is None
