"""procrastinate as its documentation sets it up: PsycopgConnector, its own schema, one worker a process."""

import asyncio
from typing import Any

from procrastinate import App, PsycopgConnector

from bench.contest.counter import of_this_worker
from bench.contest.protocol import Contestant

# The rows that its triggers write for each job are written here too, but nobody is notified 500,000 times.
FILL = """
    alter table procrastinate_jobs disable trigger user;
    with added as (
        insert into procrastinate_jobs (queue_name, task_name, args, status, scheduled_at, attempts)
        select 'default', 'noop', '{{}}', '{status}', {scheduled_at}, {attempts}
        from generate_series(1, $n) returning id
    )
    insert into procrastinate_events (job_id, type)
    select id, type::procrastinate_job_event_type from added, unnest('{{{events}}}'::text[]) type;
    alter table procrastinate_jobs enable trigger user;
"""


async def noop() -> None:
    of_this_worker().bump()


class Stock(Contestant):
    package = "procrastinate"
    table = "procrastinate_jobs"
    unfinished = """
        select exists (select from procrastinate_jobs
                       where status in ('todo', 'doing') and (scheduled_at is null or scheduled_at <= now()))
    """
    finished = "select count(*) from procrastinate_jobs where status = 'succeeded'"
    fill_ready = FILL.format(status="todo", scheduled_at="null", attempts=0, events="deferred")
    fill_finished = FILL.format(
        status="succeeded", scheduled_at="null", attempts=1, events="deferred,started,succeeded"
    )
    fill_future = FILL.format(
        status="todo", scheduled_at="now() + interval '1 day'", attempts=0, events="deferred,scheduled"
    )

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._app = App(connector=PsycopgConnector(conninfo=dsn))
        self._noop: Any = self._app.task(name="noop", queue="default")(noop)

    async def set_up(self) -> None:
        async with self._app.open_async():
            await self._app.schema_manager.apply_schema_async()

    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        async with self._app.open_async():
            worker = asyncio.create_task(
                self._app.run_worker_async(concurrency=concurrency, install_signal_handlers=False)
            )
            await told.wait()
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def open(self) -> None:
        await self._app.open_async()

    async def close(self) -> None:
        await self._app.close_async()

    async def enqueue(self) -> None:
        await self._noop.defer_async()

    async def enqueue_many(self, jobs: int) -> None:
        await self._noop.batch_defer_async(*({} for _ in range(jobs)))


CONTESTANT = Stock
