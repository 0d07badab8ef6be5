"""A standby took over that had not heard the last words: no number is given twice."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs import service
from jobs.batches import BatchJob
from jobs.handler import JobParams
from jobs.pipelines import Step, submit_pipeline
from jobs.queue import Queue, WorkerInfo
from store.database import Database
from tests.engine import KeyedHandler, KeyedParams, NoopHandler

pytestmark = pytest.mark.anyio

MOST_LOST = 1_000_000


async def take_over(conn: AsyncConnection) -> int:
    """As if the timeline had changed since the last job was added: now. Gives that job's number."""
    last = await submit(conn)
    await conn.execute(text("select setval('known_timeline', last_value + 7) from known_timeline"))
    return last


async def submit(conn: AsyncConnection) -> int:
    return await service.submit(conn, NoopHandler, JobParams())


async def test_numbers_go_on_beyond_all_that_can_have_been_lost(database: Database) -> None:
    async with database.transaction() as conn:
        last = await take_over(conn)
        assert await submit(conn) == last + MOST_LOST + 1
        assert await submit(conn) == last + MOST_LOST + 2


async def test_a_batch_and_a_pipeline_are_numbered_so_too(database: Database) -> None:
    async with database.transaction() as conn:
        last = await take_over(conn)
        first, *_ = await service.submit_many(conn, NoopHandler, [JobParams()] * 3)
        assert first == last + MOST_LOST + 1
        last = await take_over(conn)
        first, *_ = await service.submit_many(conn, KeyedHandler, [KeyedParams(key="a")])
        assert first == last + MOST_LOST + 1
        last = await take_over(conn)
        submitted = await submit_pipeline(conn, [Step("a", BatchJob(NoopHandler, JobParams()))])
        assert submitted > last + MOST_LOST


async def test_who_adds_past_our_functions_has_to_ask_again_once(database: Database) -> None:
    """procrastinate's own tools."""
    add = text("insert into procrastinate_jobs (queue_name, task_name) values ('default', 'x') returning id")
    async with database.transaction() as conn:
        last = await take_over(conn)
    with pytest.raises(DBAPIError, match="add the job again"):
        async with database.transaction() as conn:
            await conn.execute(add)
    async with database.transaction() as conn:
        assert (await conn.execute(add)).scalar_one() > last + MOST_LOST


async def test_a_rollback_does_not_undo_it(database: Database) -> None:
    async with database.transaction() as conn:
        last = await take_over(conn)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as conn:
            await submit(conn)
            raise ZeroDivisionError
    async with database.transaction() as conn:
        assert await submit(conn) == last + MOST_LOST + 2


async def test_workers_are_numbered_so_too(database: Database) -> None:
    queue = Queue(database.url, WorkerInfo("w", "host", 1, "1", {}, 1, 3_600))
    try:
        before = await queue.register()
        async with database.transaction() as conn:
            await take_over(conn)
        assert await queue.register() == before + MOST_LOST + 1
    finally:
        await queue.close()
