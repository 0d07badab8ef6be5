"""Job types for the tests of the engine: every way a run can go."""

import asyncio
import contextlib
import ctypes
import os
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text

from jobs.handler import Handler, Job, JobParams, Retry, Transient
from store.database import Database


class Outcome(BaseModel):
    value: Any = None


class ModeParams(JobParams):
    mode: str = "ok"
    seconds: float = 0


class KeyedParams(JobParams):
    key: str


class NoopHandler(Handler[JobParams]):
    job_type = "test_noop"

    async def run(self, params: JobParams, job: Job) -> None:
        return None


class KeyedHandler(Handler[KeyedParams]):
    job_type = "test_keyed"
    queue = "keyed"

    def unique_key(self, params: KeyedParams) -> str:
        return params.key

    async def run(self, params: KeyedParams, job: Job) -> None:
        return None


class SumParams(JobParams):
    add: int = 0
    fails: int = 0  # so many attempts
    seconds: float = 0


class SumHandler(Handler[SumParams]):
    """A step of a pipeline: adds to what the steps before it have given."""

    job_type = "test_sum"
    timeout = timedelta(minutes=1)

    async def run(self, params: SumParams, job: Job) -> Outcome:
        return await add_inputs(params, job)


class ProcessSumHandler(Handler[SumParams]):
    job_type = "test_process_sum"
    own_process = True

    async def run(self, params: SumParams, job: Job) -> Outcome:
        return await add_inputs(params, job)


async def add_inputs(params: SumParams, job: Job) -> Outcome:
    job.progress(0.5, f"after {', '.join(sorted(job.inputs))}", step="work")
    if job.attempt <= params.fails:
        raise ValueError("not yet")
    await asyncio.sleep(params.seconds)
    return Outcome(value=params.add + sum(one["value"] for one in job.inputs.values()))


class LoopHandler(Handler[ModeParams]):
    job_type = "test_loop"
    timeout = timedelta(seconds=1)
    retry = Retry(times=2, wait=timedelta(0))

    async def run(self, params: ModeParams, job: Job) -> Outcome:
        job.progress(0.25, "under way", step="work")
        match params.mode:
            case "error":
                raise ValueError("bad \0 data")
            case "transient":
                raise Transient("try later")
            case "effect":
                await write_effect(job)
            case "leave":
                sys.exit("bye")
            case "cancel itself":
                raise asyncio.CancelledError
            case "odd progress":
                job.progress(float("nan"), "0 of 0")
            case "escapes":
                return Outcome(value="C:\\u0000 and \0")
            case "huge":
                return Outcome(value="x" * 1_000_001)
        await asyncio.sleep(params.seconds)
        return Outcome(value="done")


class StubbornHandler(Handler[JobParams]):
    """Its first attempt does not let itself be stopped."""

    job_type = "test_stubborn"

    async def run(self, params: JobParams, job: Job) -> None:
        job.progress(0.1, "under way", step="work")
        while job.attempt == 1:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()


class ProcessHandler(Handler[ModeParams]):
    job_type = "test_process"
    own_process = True
    timeout = timedelta(seconds=3)
    memory_mb = 200

    async def run(self, params: ModeParams, job: Job) -> Outcome:
        job.progress(0.5, f"pid {os.getpid()}", step="work")
        match params.mode:
            case "error":
                raise ValueError("bad data")
            case "exit":
                os._exit(3)
            case "leaves a helper":
                subprocess.Popen(["sleep", "30"], close_fds=False)  # noqa: ASYNC220 - what is tested
                os._exit(4)
            case "segfault":
                ctypes.string_at(0)
            case "memory":
                hoard: list[bytearray] = []
                while True:
                    hoard.append(bytearray(b"x") * 20_000_000)
            case "blocked":
                end = time.monotonic() + params.seconds
                while time.monotonic() < end:
                    sum(range(1_000))
            case "effect":
                await write_effect(job)
        return Outcome(value=os.getpid())


async def write_effect(job: Job) -> None:
    """Leaves a row behind that names the attempt: the auditor of who wrote what."""
    async with job.transaction() as conn:
        await conn.execute(
            text("insert into test_effects (job_id, attempt) values (:job_id, :attempt)"),
            {"job_id": job.id, "attempt": job.attempt},
        )


async def make_effects_table(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(text("create table if not exists test_effects (job_id bigint, attempt integer)"))
