"""Chancy with its asyncio executor, asking again as soon as a job has ended."""

import asyncio
import logging

from chancy import Chancy, Queue, Worker, job  # type: ignore[import-not-found, unused-ignore]

from bench.contest.counter import of_this_worker
from bench.contest.protocol import Contestant

FILL = """
    insert into chancy_jobs (id, queue, func, max_attempts, scheduled_at, {columns})
    select uuidv7(), 'default', 'bench.contest.chancy_peer.noop', 1, {due}, {values}
    from generate_series(1, $n)
"""


@job()  # type: ignore[untyped-decorator, unused-ignore]
async def noop() -> None:
    of_this_worker().bump()


class ChancyPeer(Contestant):
    package = "chancy"
    table = "chancy_jobs"
    unfinished = """
        select exists (select from chancy_jobs where queue = 'default' and state = 'running')
            or exists (select from chancy_jobs where queue = 'default' and state in ('pending', 'retrying')
                       and attempts < max_attempts and scheduled_at <= now())
    """
    finished = "select count(*) from chancy_jobs where queue = 'default' and state = 'succeeded'"
    fill_ready = FILL.format(columns="state", values="'pending'", due="now()")
    fill_future = FILL.format(columns="state", values="'pending'", due="now() + interval '1 day'")
    fill_finished = FILL.format(
        columns="state, attempts, taken_by, started_at, completed_at",
        values="'succeeded', 1, 'worker', now(), now()",
        due="now()",
    )

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._chancy = Chancy(dsn, log=logging.getLogger("chancy"))

    async def set_up(self) -> None:
        async with self._chancy as chancy:
            await chancy.migrate()

    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        queue = Queue(
            "default",
            concurrency=concurrency,
            executor=Chancy.Executor.Async,
            polling_interval=1,
            eager_polling=True,
        )
        async with self._chancy as chancy:
            await chancy.declare(queue, upsert=True)
            async with Worker(chancy, register_signal_handlers=False):
                await told.wait()

    async def open(self) -> None:
        await self._chancy.pool.open()

    async def close(self) -> None:
        await self._chancy.pool.close()

    async def enqueue(self) -> None:
        await self._chancy.push(noop.job)

    async def enqueue_many(self, jobs: int) -> None:
        async for _ in self._chancy.push_many([noop.job] * jobs, batch_size=jobs):
            pass


CONTESTANT = ChancyPeer
