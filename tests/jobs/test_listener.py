"""What a worker is told of jobs that may be ready."""

import asyncio

import pytest
from sqlalchemy import text

from jobs import service
from jobs.handler import JobParams
from jobs.heads import NewJobs
from jobs.listener import Listener
from jobs.vitals import Vitals
from store.database import Database
from tests.engine import NoopHandler

pytestmark = pytest.mark.anyio


async def test_new_jobs_of_one_priority_are_named_and_others_are_not(database: Database) -> None:
    heard: asyncio.Queue[NewJobs | None] = asyncio.Queue()
    listener = Listener(database, database.url, [], Vitals(), heard.put_nowait, lambda ids: None)
    async with asyncio.timeout(10):
        running = asyncio.create_task(listener.run())
        assert await heard.get() is None  # connected: some may have been missed
        async with database.transaction() as conn:
            ids = await service.submit_many(conn, NoopHandler, [JobParams()] * 3, priority=5)
        assert await heard.get() == NewJobs("default", 5, ids[0])
        async with database.transaction() as conn:
            for priority in (1, 2):
                await service.submit(conn, NoopHandler, JobParams(), priority=priority)
        assert {await heard.get(), await heard.get()} == {
            NewJobs("default", 1, ids[2] + 1),
            NewJobs("default", 2, ids[2] + 2),
        }
        for payload in (
            "",
            "{}",
            '{"type": "job_inserted", "job_id": 0}',
            '{"type": "job_inserted", "job_id": "x"}',
        ):
            async with database.transaction() as conn:
                await conn.execute(
                    text("select pg_notify('procrastinate_any_queue_v1', :it)"), {"it": payload}
                )
            assert await heard.get() is None
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
