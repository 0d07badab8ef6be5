"""The physical limit: psycopg alone on matchday's tables, batches of n, one commit for ends and next claims.

It writes what matchday writes for a job (who runs it since when, its history, its run with times and result)
and leaves out what a platform does beside that: locks, limits, pipelines, fencing, notifications, tasks.
"""

import asyncio
import json
from typing import Any

import psycopg

from bench.contest.counter import of_this_worker
from bench.contest.matchday import ARGS, Matchday

CLAIM = """
    update jobs_active j set status = 'doing', worker_id = 1, started_at = clock_timestamp()
    where j.id = any (array(
        select id from jobs_active where queue_name = 'default' and status = 'todo' and waits_for is null
        order by priority desc, id limit %s for update skip locked))
    returning j.id, j.args
"""
FINISH = """
    with gone as (
        delete from jobs_active where id = any (%s) returning *
    ), history as (
        insert into jobs_finished
            (id, queue_name, task_name, priority, args, status, attempts, worker_id, created_at, started_at,
             finished_at)
        select id, queue_name, task_name, priority, args, 'succeeded', attempts + 1, worker_id, created_at,
               started_at, clock_timestamp()
        from gone
    )
    insert into job_runs (job_id, attempt, worker, started_at, finished_at, outcome, progress, result)
    select id, attempts + 1, 'raw', started_at, clock_timestamp(), 'completed', 1, null from gone
"""
# As a prepared statement keeps its plan: never a walk through whole tables, whatever the statistics say.
PLANNER = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
ADD = """
    insert into jobs_active (queue_name, task_name, args)
    select 'default', 'counted', unnest(%s::jsonb[])
"""
IDLE_SECONDS = 0.05


class Raw(Matchday):
    package = "psycopg"

    async def work(self, concurrency: int, told: asyncio.Event) -> None:
        """`concurrency` is the n of its batches."""
        counter, ended = of_this_worker(), list[int]()
        connection = await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, options=PLANNER, prepare_threshold=0
        )
        async with connection:
            while ended or not told.is_set():
                taken = await _turn(connection, ended, 0 if told.is_set() else concurrency)
                ended = [row[0] for row in taken]
                counter.bump(len(ended))
                if not ended:
                    await asyncio.sleep(IDLE_SECONDS)

    async def open(self) -> None:
        self._connection = await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, prepare_threshold=0
        )

    async def close(self) -> None:
        await self._connection.close()

    async def enqueue(self) -> None:
        await self._connection.execute(ADD, [[json.dumps(ARGS)]])

    async def enqueue_many(self, jobs: int) -> None:
        await self._connection.execute(ADD, [[json.dumps(ARGS)] * jobs])


async def _turn(
    connection: psycopg.AsyncConnection[Any], ended: list[int], wanted: int
) -> list[tuple[int, Any]]:
    """Records the ends and claims the next batch in one transaction and one round trip."""
    async with connection.pipeline(), connection.transaction():
        if ended:
            await connection.execute(FINISH, [ended])
        claimed = await connection.execute(CLAIM, [wanted])
    return await claimed.fetchall()


CONTESTANT = Raw
