"""Jobs of dead workers go back to their queues, and jobs whose time has come become ready."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from jobs import service
from jobs.handler import JobParams
from jobs.queue import Queue, Taken, Wanted, WorkerInfo
from store.database import Database
from store.jobs import JobRow, count_by_status, get_job, list_attempts
from tests.engine import NoopHandler
from tests.engine.limited import LimitedHandler, LimitedParams

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(database: Database) -> AsyncIterator[Queue]:
    """Of a worker that is counted as dead after 15 seconds of silence."""
    queue = Queue(database.url, WorkerInfo("test", "host", 1, "1", {}, 10, 15))
    await queue.register()
    yield queue
    await queue.close()


async def running(database: Database, queue: Queue, jobs: int = 1) -> list[Taken]:
    async with database.transaction() as conn:
        await service.submit_many(conn, NoopHandler, [JobParams()] * jobs)
    taken = (await queue.cycle([], Wanted(jobs))).taken
    assert len(taken) == jobs
    return taken


async def silent_for(database: Database, seconds: float) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "update procrastinate_workers"
                " set last_heartbeat = clock_timestamp() - make_interval(secs => :seconds)"
            ),
            {"seconds": seconds},
        )


async def rescue(database: Database) -> Sequence[tuple[int, str]]:
    async with database.transaction() as conn:
        rows = await conn.execute(text("select job_id, new_status from rescue_jobs()"))
        return [(job_id, status) for job_id, status in rows]


async def job(database: Database, job_id: int) -> JobRow:
    async with database.read() as conn:
        found = await get_job(conn, job_id)
    assert found is not None
    return found


async def wait_over(database: Database) -> None:
    """The time of all jobs that wait for it has come."""
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_active set scheduled_at = now() where waits_for = 'time'"))
        await conn.execute(text("select ready_due_jobs(1)"))


async def test_a_worker_that_was_heard_of_lately_keeps_its_jobs(database: Database, queue: Queue) -> None:
    await running(database, queue)
    await silent_for(database, 14)
    assert await rescue(database) == []


async def test_a_silent_worker_loses_its_jobs_and_its_place_in_the_registry(
    database: Database, queue: Queue
) -> None:
    [taken] = await running(database, queue)
    await silent_for(database, 16)
    assert await rescue(database) == [(taken.id, "pending")]
    async with database.transaction() as conn:
        is_known = await conn.scalar(text("select worker_beat(:id, 0, 0, false)"), {"id": queue.worker_id})
        [lost] = await list_attempts(conn, taken.id)
    assert not is_known
    assert (lost.outcome, lost.error) == ("lost", "its worker was lost")
    assert await rescue(database) == []


async def test_a_job_that_is_lost_again_waits_and_fails_at_the_third_time(
    database: Database, queue: Queue
) -> None:
    await running(database, queue)
    waits = []
    for _ in range(2):
        await queue.unregister()
        [(job_id, _)] = await rescue(database)
        waits.append((await job(database, job_id)).run_after)
        await wait_over(database)
        await queue.register()
        assert len((await queue.cycle([], Wanted(1))).taken) == 1
    await queue.unregister()
    assert await rescue(database) == [(job_id, "failed")]
    assert waits[0] is None
    assert waits[1] is not None
    ended = await job(database, job_id)
    assert (ended.attempt, ended.error_kind) == (3, "lost")


async def test_a_cancelled_job_of_a_dead_worker_is_cancelled(database: Database, queue: Queue) -> None:
    [taken] = await running(database, queue)
    async with database.transaction() as conn:
        await service.cancel(conn, taken.id)
    await queue.unregister()
    assert await rescue(database) == [(taken.id, "cancelled")]


async def test_very_many_jobs_are_rescued_in_batches(database: Database, queue: Queue) -> None:
    await running(database, queue, jobs=1_200)
    await queue.unregister()
    assert [len(await rescue(database)) for _ in range(3)] == [1_000, 200, 0]
    async with database.read() as conn:
        assert (await count_by_status(conn))["pending"] == 1_200


async def test_what_a_transaction_holds_is_rescued_when_it_has_ended(
    database: Database, queue: Queue
) -> None:
    first, second = await running(database, queue, jobs=2)
    await queue.unregister()
    async with database.transaction() as conn:
        await conn.execute(text("select from jobs_active where id = :id for update"), {"id": first.id})
        assert await rescue(database) == [(second.id, "pending")]
    assert await rescue(database) == [(first.id, "pending")]


async def test_one_session_rescues_at_a_time(database: Database, queue: Queue) -> None:
    [taken] = await running(database, queue)
    await queue.unregister()
    async with database.transaction() as conn:
        rows = await conn.execute(text("select job_id from rescue_jobs()"))
        assert [row.job_id for row in rows] == [taken.id]
        async with asyncio.timeout(5):  # it waits for nobody
            assert await rescue(database) == []


async def test_a_job_is_ready_when_its_time_has_come(database: Database, queue: Queue) -> None:
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        later, past = [
            await service.submit(conn, NoopHandler, JobParams(), run_after=now + timedelta(seconds=seconds))
            for seconds in (3_600, -5)
        ]
    [taken] = (await queue.cycle([], Wanted(10))).taken
    assert taken.id == past
    async with database.transaction() as conn:
        assert await conn.scalar(text("select ready_due_jobs(7)")) == 7
        seconds = await conn.scalar(text("select ready_due_jobs(7200)"))
    assert 3_500 < seconds <= 3_600
    assert (await queue.cycle([], Wanted(10))).taken == []
    await wait_over(database)
    [taken] = (await queue.cycle([], Wanted(10))).taken
    assert taken.id == later


async def test_the_workers_of_a_queue_are_told_once_of_what_became_ready(database: Database) -> None:
    async with database.transaction() as conn:
        many = [JobParams()] * 20
        soon = datetime.now(UTC) + timedelta(hours=1)
        await service.submit_many(conn, NoopHandler, many, run_after=soon)
    async with await psycopg.AsyncConnection[Any].connect(database.url, autocommit=True) as listening:
        await listening.execute('listen "procrastinate_queue_v1#default"')
        await wait_over(database)
        told = [note async for note in listening.notifies(timeout=0.3)]
    assert len(told) == 1


async def test_very_many_become_ready_in_batches(database: Database) -> None:
    async with database.transaction() as conn:
        soon = datetime.now(UTC) + timedelta(hours=1)
        await service.submit_many(conn, NoopHandler, [JobParams()] * 1_200, run_after=soon)
        await conn.execute(text("update jobs_active set scheduled_at = now()"))
    pauses = []
    for _ in range(2):
        async with database.transaction() as conn:
            pauses.append(await conn.scalar(text("select ready_due_jobs(5)")))
    assert pauses == [0, 5]  # there is more to do at once, then not for long


async def test_a_limited_job_whose_time_has_come_waits_for_its_place(
    database: Database, queue: Queue
) -> None:
    async with database.transaction() as conn:
        soon = datetime.now(UTC) + timedelta(hours=1)
        many = [LimitedParams(at_once=1)] * 3
        await service.submit_many(conn, LimitedHandler, many, run_after=soon)
    await wait_over(database)
    assert len((await queue.cycle([], Wanted(10))).taken) == 1
