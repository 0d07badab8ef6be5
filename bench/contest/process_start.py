"""From the row of a process job becoming `running` to its handler's first line, one job after another."""

import asyncio
import random
import sys
import time

from sqlalchemy import text

from bench.contest.crew import ContestantFailed, Workers, workers
from bench.contest.server import Server
from bench.handlers import NoopProcessHandler
from bench.handlers.noop_process import NoopProcessParams
from cli.local_platform import environment_for
from jobs.service import submit
from store.database import Database

WARM_UP_JOBS = 5
SECONDS_TO_END = 60.0
LOOK_SECONDS = 0.005
LONGEST_PAUSE = 0.02
WORKER = [sys.executable, "-P", "-m", "jobs.worker", "--handlers", "bench.handlers"]
STARTED = text("""
    select (result ->> 'at')::float8 - extract(epoch from started_at)::float8
    from job_runs where job_id = :id and outcome = 'completed'
""")


def process_starts_ms(server: Server, url: str, jobs: int) -> list[float]:
    with workers([WORKER], server.folder / "process_start", **environment_for(url)) as crew:
        return asyncio.run(_starts(url, jobs, crew))[WARM_UP_JOBS:]


async def _starts(url: str, jobs: int, crew: Workers) -> list[float]:
    database = Database(url, process="bench")
    try:
        return [await _start_of_one(database, crew) * 1_000 for _ in range(WARM_UP_JOBS + jobs)]
    finally:
        await database.close()


async def _start_of_one(database: Database, crew: Workers) -> float:
    async with database.transaction() as conn:
        job_id = await submit(conn, NoopProcessHandler, NoopProcessParams())
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline:
        crew.check()
        async with database.read() as conn:
            seconds = await conn.scalar(STARTED, {"id": job_id})
        if seconds is not None:
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - no secret
            return float(seconds)
        await asyncio.sleep(LOOK_SECONDS)
    raise ContestantFailed(f"process job {job_id} did not complete in {SECONDS_TO_END:g} s")
