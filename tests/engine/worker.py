"""A real worker process for tests, and waiting for what it does to the tables."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg

from store.database import Database
from store.jobs import JobRow, get_job

ROOT = Path(__file__).parents[2]
LONGEST_WAIT = 30
T = TypeVar("T")


def empty_queue(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("truncate procrastinate_jobs, procrastinate_workers, job_runs, pipeline_jobs cascade")


@contextmanager
def worker(url: str, *options: str, handlers: str = "tests.engine") -> Iterator[subprocess.Popen[bytes]]:
    """Runs `python -m jobs.worker`; ends it, and whatever it left, at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs.worker", "--handlers", handlers, *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "WORKER_PRELOAD": "", "LOG_LEVEL": "WARNING"},
        start_new_session=True,
    )
    family = psutil.Process(process.pid)
    try:
        yield process
    finally:
        left = [*family.children(recursive=True), family] if family.is_running() else []
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        assert not survivors(left, seconds=5)


def survivors(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so many seconds; one that is dead but not reaped by init does not run."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            break
        psutil.wait_procs(alive, timeout=0.05)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def eventually(look: Callable[[], Awaitable[T]], reached: Callable[[T], bool]) -> T:
    """What is looked at, as soon as it is as asked; fails after half a minute."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not reached(seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LONGEST_WAIT} s, now {seen}")
        await asyncio.sleep(0.02)
    return seen


async def until(database: Database, job_id: int, reached: Callable[[JobRow], bool]) -> JobRow:
    """The job as soon as it is as asked."""

    async def look() -> JobRow | None:
        async with database.read() as conn:
            return await get_job(conn, job_id)

    job = await eventually(look, lambda seen: seen is not None and reached(seen))
    assert job is not None
    return job


def is_working(job: JobRow) -> bool:
    return job.status == "running" and job.step == "work"


def has_ended(job: JobRow) -> bool:
    return not job.is_active
