"""For tests of handlers and of what uses them: run one handler here and now, or all jobs until none is left.

Both need a database with the migrations applied, and no worker beside them.
"""

import asyncio
import math
import os
import socket
from typing import Any

from sqlalchemy import text

from config.settings import Settings
from jobs.child import describe, storable_result, trace_of
from jobs.engine import Engine
from jobs.handler import HANDLERS, Handler, Job, JobParams, Snooze
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.queue import Queue, WorkerInfo
from jobs.room import Room
from jobs.service import submit
from jobs.supervisor import Supervisor
from jobs.vitals import Vitals
from store.database import Database
from store.jsonb import storable_json
from store.queries import query


async def run_inline(
    database: Database, settings: Settings, handler: type[Handler[Any]], params: JobParams
) -> tuple[int, Any]:
    """Adds a job and runs its handler in this task. Gives the job's id and what the handler returned.

    The job completes, or fails with what the handler raises, which is raised here; it is never tried again. A
    Snooze is raised too, and puts it to sleep.
    """
    job = await held_job(database, settings, handler, params)
    try:
        result = await handler().run(params, job)
        stored = storable_result(result)
    except Snooze as snooze:
        await _end(database, job, outcome="snoozed", retry_in=snooze.seconds)
        raise
    except Exception as error:
        told = {"error": describe(error), "trace": trace_of(error)}
        await _end(database, job, outcome="failed", error_kind="error", **told)
        raise
    await _end(database, job, outcome="completed", result=stored)
    return job.id, result


async def held_job(
    database: Database, settings: Settings, handler: type[Handler[Any]], params: JobParams
) -> Job:
    """A job that is running, as its handler sees it: for tests that call the parts of a handler."""
    async with database.transaction() as conn:
        job_id = await submit(conn, handler, params)
        attempt = await conn.scalar(query("take_job"), {"id": job_id})
    return Job(job_id, int(attempt or 0), database, settings, lambda *_: None)


async def drain(database: Database, settings: Settings, *, concurrency: int = 10) -> None:
    """Runs all ready jobs in this process, as a worker does, until none is left.

    Jobs that wait for their time, for a retry for one, are left waiting.
    """
    vitals, board = Vitals(), ProgressBoard(database)
    processes = Processes(settings.worker_processes, (), vitals)
    supervisor = Supervisor(database, settings, board, processes)
    queue = Queue(database.url, _this_process(concurrency))
    engine = Engine(queue, supervisor, board, HANDLERS, Room(concurrency), vitals, until_idle=True)
    await engine.register()
    vitals["beaten_at"] = math.inf  # it has no pulse
    reporting = asyncio.create_task(board.run())
    try:
        await engine.run()
        await board.flush()
        await engine.leave()
    finally:
        reporting.cancel()
        await queue.close()


def _this_process(concurrency: int) -> WorkerInfo:
    host, pid = socket.gethostname(), os.getpid()
    return WorkerInfo(f"{host}:{pid} drains", host, pid, "test", {}, concurrency, silent_seconds=3_600)


async def _end(database: Database, job: Job, **end: Any) -> None:
    ends = storable_json([{"id": job.id, "attempt": job.attempt, **end}])
    async with database.transaction() as conn:
        await conn.execute(text("select end_runs('test', cast(:ends as jsonb))"), {"ends": ends})
