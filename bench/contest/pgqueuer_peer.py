"""PGQueuer with either driver; it takes `concurrency` jobs a batch, on uvloop as its command runs."""

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any

import uvloop  # type: ignore[import-not-found, unused-ignore]
from pgqueuer import PgQueuer  # type: ignore[import-not-found, unused-ignore]
from pgqueuer.db import Driver  # type: ignore[import-not-found, unused-ignore]
from pgqueuer.queries import Queries  # type: ignore[import-not-found, unused-ignore]

from bench.contest.counter import of_this_worker
from bench.contest.protocol import Answer, Contestant

FILL = """
    insert into pgqueuer (priority, status, entrypoint, execute_after)
    select 0, 'queued', 'noop', {due} from generate_series(1, $n)
"""


class Pgqueuer(Contestant):
    package = "pgqueuer"
    table = "pgqueuer"
    unfinished = """
        select exists (select from pgqueuer
                       where status = 'queued' and entrypoint = 'noop' and execute_after <= now())
            or exists (select from pgqueuer where status = 'picked')
    """
    finished = "select count(*) from pgqueuer_log where status = 'successful'"
    fill_ready = FILL.format(due="now()")
    fill_future = FILL.format(due="now() + interval '1 day'")
    # It keeps no finished jobs, only the log of them.
    fill_finished = """
        insert into pgqueuer_log (job_id, status, entrypoint, priority, aggregated)
        select n, status::pgqueuer_status, 'noop', 0, true
        from generate_series(1, $n) n, unnest('{queued,picked,successful}'::text[]) status
    """

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._queries: Any = None

    @abstractmethod
    async def connect(self) -> Driver:
        """A driver over a connection of its own."""

    @abstractmethod
    async def disconnect(self) -> None: ...

    def run(self, main: Coroutine[Any, Any, Answer]) -> Answer:
        answer: Answer = uvloop.run(main)
        return answer

    async def set_up(self) -> None:
        await self.open()
        await self._queries.install()
        await self.close()

    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        pgq = PgQueuer(await self.connect())

        @pgq.entrypoint("noop")  # type: ignore[untyped-decorator, unused-ignore]
        async def noop(job: Any) -> None:  # noqa: ARG001 - it looks at nothing
            of_this_worker().bump()

        working = asyncio.create_task(pgq.run(batch_size=concurrency))
        await told.wait()
        pgq.shutdown.set()
        await working
        await self.disconnect()

    async def open(self) -> None:
        self._queries = Queries(await self.connect())

    async def close(self) -> None:
        await self.disconnect()

    async def enqueue(self) -> None:
        await self._queries.enqueue("noop", None)

    async def enqueue_many(self, jobs: int) -> None:
        await self._queries.enqueue(["noop"] * jobs, [None] * jobs, [0] * jobs)
