"""Job types that note what becomes of them, and misbehave as asked."""

import asyncio
import contextlib
import ctypes
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from jobs.handler import CancelRequested, Handler, Job, JobParams, LostAttempt, Retry, Transient
from store.database import DatabaseUnavailable
from tests.chaos.journal import note

# A server that is away, full or locked heals; the wait doubles from there.
HEALING = Retry(times=20, wait=timedelta(seconds=0.5), on=(DatabaseUnavailable, OperationalError))
# Keyed by nature: a second attempt adds nothing. No constraint, so that a doubled effect would be seen.
WRITE_EFFECT = """
insert into chaos_effects (job_id, attempt, pid) select :job_id, :attempt, :pid
where not exists (select from chaos_effects where job_id = :job_id)
"""


class Params(JobParams):
    """Work for some seconds, a last word, a linger, the effect in a transaction held open for a while."""

    mode: str = "work"
    seconds: float = 0
    linger: float = 0
    hold: float = 0


class Done(BaseModel):
    """The result names its attempt, so that the auditor can tell whose it is."""

    attempt: int
    pid: int


class LoopHandler(Handler[Params]):
    job_type = "chaos_loop"
    retry = HEALING

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            return await work(params, job)


class ProcessHandler(Handler[Params]):
    job_type = "chaos_process"
    own_process = True
    retry = HEALING

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            return await work(params, job)


class BadHandler(Handler[Params]):
    """Dies in its own process, once; not tried again."""

    job_type = "chaos_bad"
    own_process = True
    memory_mb = 150

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            match params.mode:
                case "exit":
                    os._exit(7)
                case "segfault":
                    ctypes.string_at(0)
                case "memory":
                    _hoard()
            return await work(params, job)


class DeafHandler(Handler[Params]):
    """Does not let itself be stopped by anything but the kernel."""

    job_type = "chaos_deaf"
    own_process = True
    timeout = timedelta(seconds=2)

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            job.progress(0.1, "deaf", step="work")
            if params.mode == "gil":
                sum(range(10**15))
            while True:
                sum(range(1_000))


class EndlessHandler(DeafHandler):
    """As deaf, without a deadline that would end it soon."""

    job_type = "chaos_endless"
    timeout = timedelta(minutes=5)


class TalkingHandler(Handler[Params]):
    """Reports long words all the time."""

    job_type = "chaos_talking"

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            ends_at = time.monotonic() + params.seconds
            while (left := ends_at - time.monotonic()) > 0:
                job.progress(1 - left / params.seconds, f"{left:.3f} s left " + "." * 4_000)
                await asyncio.sleep(0.05)
            return await work(Params(), job)


class BlockingHandler(Handler[Params]):
    """Blocks the worker's event loop, as a handler must not."""

    job_type = "chaos_blocking"

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            time.sleep(params.seconds)  # noqa: ASYNC251 - what is tested
            return await work(Params(), job)


class PoisonHandler(Handler[Params]):
    """Kills its own process at every attempt."""

    job_type = "chaos_poison"
    own_process = True
    retry = Retry(times=2, wait=timedelta(0))

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            os.kill(os.getpid(), signal.SIGKILL)
            return Done(attempt=job.attempt, pid=os.getpid())


class WorkerKillerHandler(Handler[Params]):
    """Kills the worker at every attempt."""

    job_type = "chaos_worker_killer"

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            os.kill(os.getpid(), signal.SIGKILL)
            return Done(attempt=job.attempt, pid=os.getpid())


class SecondTimeHandler(Handler[Params]):
    """Fails once, and is tried again some seconds later."""

    job_type = "chaos_second_time"
    retry = Retry(times=1, wait=timedelta(seconds=3))

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            if job.attempt == 1:
                raise Transient("not yet")
            return await work(params, job)


class TemporaryFileHandler(Handler[Params]):
    """Needs room in the temporary folder; a full one may have room later."""

    job_type = "chaos_temporary_file"
    own_process = True
    retry = Retry(times=8, wait=timedelta(seconds=0.5), on=(OSError,))

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            with tempfile.TemporaryFile(dir=os.environ["TMPDIR"]) as file:
                file.write(bytes(4_000_000))
                file.flush()
            return await work(params, job)


@asynccontextmanager
async def witnessed(job: Job) -> AsyncIterator[None]:
    note(job.id, job.attempt, "begin")
    how = "returned"
    try:
        yield
    except BaseException as error:
        how = type(error).__name__
        raise
    finally:
        note(job.id, job.attempt, "end", how)


async def work(params: Params, job: Job) -> Done:
    job.progress(0.1, f"early word of attempt {job.attempt}", step="work")
    if params.mode == "stubborn" and job.attempt == 1:
        await _disobey(job)
    await asyncio.sleep(params.seconds)
    job.progress(0.9, f"late word of attempt {job.attempt}")
    await asyncio.sleep(params.linger)
    await _write_effect(job, params.hold)
    return Done(attempt=job.attempt, pid=os.getpid())


async def _disobey(job: Job) -> None:
    """Is told to stop, and tries to write its effect nevertheless: that must be refused."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    job.progress(0.9, f"late word of attempt {job.attempt}")
    writing = asyncio.ensure_future(_write_effect(job, 0))
    while not writing.done():
        with contextlib.suppress(asyncio.CancelledError, LostAttempt, CancelRequested):
            await asyncio.shield(writing)
    writing.result()


async def _write_effect(job: Job, hold: float) -> None:
    try:
        async with job.transaction() as conn:
            values = {"job_id": job.id, "attempt": job.attempt, "pid": os.getpid()}
            await conn.execute(text(WRITE_EFFECT), values)
            if hold:
                note(job.id, job.attempt, "holding")
                await asyncio.sleep(hold)
    except (LostAttempt, CancelRequested) as refusal:
        note(job.id, job.attempt, "refused", type(refusal).__name__)
        raise


def _hoard() -> None:
    hoard: list[bytearray] = []
    while True:
        hoard.append(bytearray(os.urandom(5_000_000)))
