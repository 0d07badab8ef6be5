"""matchday: its real worker, and jobs through the public service, on uvloop as in its web process."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

from bench.contest.matchday_jobs import CountedHandler, CountedParams
from bench.contest.protocol import Answer, Contestant
from jobs.service import submit, submit_many
from store.database import Database
from store.migrations import migrate

ARGS = {"params": {}, "meta": {"requested_by": None, "request_id": None}}
FILL = """
    insert into procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    select 'default', 'counted', '{args}', {due} from generate_series(1, $n)
"""
FILL_FINISHED = """
    with added as (
        insert into procrastinate_jobs
            (queue_name, task_name, args, status, attempts, worker_id, started_at, finished_at)
        select 'default', 'counted', '{args}', 'succeeded', 1, 1, now(), now() from generate_series(1, $n)
        returning id
    )
    insert into job_runs (job_id, attempt, worker, started_at, finished_at, outcome, progress)
    select id, 1, 'worker', now(), now(), 'completed', 1 from added
"""


class Matchday(Contestant):
    package = "matchday"
    table = "jobs_active"
    unfinished = """
        select exists (select from jobs_active where status = 'todo' and waits_for is null)
            or exists (select from jobs_active where status = 'doing')
    """
    finished = "select count(*) from jobs_finished where status = 'succeeded'"
    fill_ready = FILL.format(args=json.dumps(ARGS), due="null")
    fill_future = FILL.format(args=json.dumps(ARGS), due="now() + interval '1 day'")
    fill_finished = FILL_FINISHED.format(args=json.dumps(ARGS))

    def run(self, main: Coroutine[Any, Any, Answer]) -> Answer:
        return uvloop.run(main)

    async def set_up(self) -> None:
        await asyncio.to_thread(migrate, self.dsn)

    async def work(self, concurrency: int, told: asyncio.Event) -> None:  # noqa: ARG002 - it is told itself
        """Becomes the worker as it is started in production."""
        environment = {**os.environ, "DATABASE_URL": self.dsn, "DATABASE_URL_DIRECT": self.dsn}
        arguments = ["--handlers", "bench.contest.matchday_jobs", "--concurrency", str(concurrency)]
        command = [sys.executable, "-P", "-m", "jobs.worker", *arguments]
        os.execve(sys.executable, command, environment)  # noqa: S606 - our own command

    async def open(self) -> None:
        self._database = Database(self.dsn, process="bench")

    async def close(self) -> None:
        await self._database.close()

    async def enqueue(self) -> None:
        async with self._database.autocommit() as conn:
            await submit(conn, CountedHandler, CountedParams())

    async def enqueue_many(self, jobs: int) -> None:
        async with self._database.transaction() as conn:
            await submit_many(conn, CountedHandler, [CountedParams()] * jobs)


CONTESTANT = Matchday
