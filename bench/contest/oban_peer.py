"""Oban for Python with a pool of ten, and on uvloop with orjson as its command line runs."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson  # type: ignore[import-not-found, unused-ignore]
import uvloop  # type: ignore[import-not-found, unused-ignore]
from oban import Oban, worker  # type: ignore[import-not-found, unused-ignore]
from oban.schema import install  # type: ignore[import-not-found, unused-ignore]
from psycopg.types.json import set_json_dumps, set_json_loads

from bench.contest.counter import of_this_worker
from bench.contest.protocol import Answer, Contestant

FILL = """
    insert into oban_jobs (queue, worker, state, scheduled_at, {columns})
    select 'default', 'bench.contest.oban_peer.Noop', '{state}', {due}, {values} from generate_series(1, $n)
"""
NOW = "timezone('UTC', now())"


@worker(queue="default")  # type: ignore[untyped-decorator, unused-ignore]
class Noop:
    async def process(self, job: Any) -> None:  # noqa: ARG002 - it looks at nothing
        of_this_worker().bump()


# What the decorator has made of it: a class that can also enqueue.
NOOP: Any = Noop


class ObanPeer(Contestant):
    package = "oban"
    table = "oban_jobs"
    unfinished = """
        select exists (select from oban_jobs where state = 'available')
            or exists (select from oban_jobs where state = 'executing')
    """
    finished = "select count(*) from oban_jobs where state = 'completed'"
    fill_ready = FILL.format(state="available", due=NOW, columns="attempt", values="0")
    fill_future = FILL.format(
        state="scheduled", due=f"{NOW} + interval '1 day'", columns="attempt", values="0"
    )
    fill_finished = FILL.format(
        state="completed",
        due=NOW,
        columns="attempt, attempted_by, attempted_at, completed_at",
        values=f"1, '{{worker}}', {NOW}, {NOW}",
    )

    def run(self, main: Coroutine[Any, Any, Answer]) -> Answer:
        set_json_dumps(orjson.dumps)
        set_json_loads(orjson.loads)
        answer: Answer = uvloop.run(main)
        return answer

    async def set_up(self) -> None:
        pool = await Oban.create_pool(self.dsn)
        await install(pool)
        await pool.close()

    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        pool = await Oban.create_pool(self.dsn)
        async with Oban(pool=pool, queues={"default": concurrency}):
            await told.wait()
        await pool.close()

    async def open(self) -> None:
        self._pool = await Oban.create_pool(self.dsn)
        self._oban = Oban(pool=self._pool)

    async def close(self) -> None:
        await self._pool.close()

    async def enqueue(self) -> None:
        await self._oban.enqueue(NOOP.new({}))

    async def enqueue_many(self, jobs: int) -> None:
        await self._oban.enqueue_many([NOOP.new({}) for _ in range(jobs)])


CONTESTANT = ObanPeer
