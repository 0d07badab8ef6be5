"""How soon a job starts, and how fast a worker drains its queue: one worker, the embedded server."""

import asyncio
import statistics
import sys
import time

import psycopg

from bench.handlers import NoopHandler
from bench.handlers.noop import NoopParams
from bench.report import report
from bench.stage import Stage, stage
from cli.client import Api
from cli.failures import CommandFailed
from jobs.service import submit
from store.database import Database

WARM_UP_JOBS = 5
PROCESS_JOBS = 100
LOOP_JOBS = 2_000
LONGEST_DRAIN_SECONDS = 600
WORKER = ("jobs.worker", "--handlers", "bench.handlers")
DRAINED = """
    select count(*) filter (where outcome = 'completed'),
           extract(epoch from max(r.finished_at) - min(r.started_at))::float8
    from job_runs r join procrastinate_jobs j on j.id = r.job_id where j.task_name = 'noop'
"""


def main() -> int:
    with stage() as ready:
        report("post_to_start_ms", _process_jobs(ready))
    with stage() as ready:
        report("drain", _loop_jobs(ready))
    return 0


def _process_jobs(ready: Stage) -> dict[str, float]:
    """From just before the POST to the handler's first line in its child process, one job at a time."""
    ready.start("worker", *WORKER)
    _, url = ready.start_web("uvicorn", "--factory", "bench.web:create_app", "--log-level", "warning")
    with Api(url) as api:
        waits = [_wait_of_one(api) for _ in range(WARM_UP_JOBS + PROCESS_JOBS)][WARM_UP_JOBS:]
    deciles = statistics.quantiles(waits, n=100)
    return {"p50": deciles[49], "p95": deciles[94], "max": max(waits), "jobs": len(waits)}


def _wait_of_one(api: Api) -> float:
    posted_at = time.time()
    job_id = api.submit("noop_process", {}).id
    for job in api.changes(job_id):
        if job.status == "completed":
            return float((job.result["at"] - posted_at) * 1_000)
    raise CommandFailed(f"job {job_id} did not complete")


def _loop_jobs(ready: Stage) -> dict[str, float]:
    """The jobs are there before the worker is; the time runs from the first start to the last end."""
    asyncio.run(_enqueue(ready.database_url))
    ready.start("worker", *WORKER)
    deadline = time.monotonic() + LONGEST_DRAIN_SECONDS
    with psycopg.connect(ready.database_url, autocommit=True) as conn:
        while (row := conn.execute(DRAINED).fetchone()) and row[0] < LOOP_JOBS:
            ready.children.check()
            if time.monotonic() > deadline:
                raise CommandFailed(f"only {row[0]} of {LOOP_JOBS} jobs were done")
            time.sleep(0.5)
    assert row is not None  # noqa: S101 - a count always gives one
    return {"jobs": LOOP_JOBS, "seconds": row[1], "jobs_per_second": LOOP_JOBS / row[1]}


async def _enqueue(database_url: str) -> None:
    database = Database(database_url, process="bench")
    async with database.transaction() as conn:
        for _ in range(LOOP_JOBS):
            await submit(conn, NoopHandler, NoopParams())
    await database.close()


if __name__ == "__main__":
    sys.exit(main())
