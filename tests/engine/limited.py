"""Job types under a limit, and ones that snooze; a limited run leaves a row that says when it ran."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from jobs import service
from jobs.handler import Handler, Job, JobParams, Limit, Retry, Snooze, Transient
from store.database import Database

TABLE = """
create table if not exists test_spans (
    job_id bigint, attempt integer, key text,
    began_at timestamptz not null default clock_timestamp(), ended_at timestamptz)
"""
BEGIN = "insert into test_spans (job_id, attempt, key) values (:job_id, :attempt, :key)"
END = "update test_spans set ended_at = clock_timestamp() where job_id = :job_id and attempt = :attempt"


class LimitedParams(JobParams):
    key: str = "k"
    seconds: float = 0
    at_once: int | None = None
    starts: int | None = None
    per: float = 60
    fails: bool = False


class SnoozingParams(JobParams):
    naps: int = 1
    seconds: float = 0
    then_fails: int = 0
    works: float = 0  # seconds; then it goes on, even if it was told to stop meanwhile


class LimitedHandler(Handler[LimitedParams]):
    job_type = "test_limited"
    retry = Retry(times=1, wait=timedelta(seconds=30))

    def limit(self, params: LimitedParams) -> Limit:
        return Limit(params.key, params.at_once, params.starts, timedelta(seconds=params.per))

    async def run(self, params: LimitedParams, job: Job) -> None:
        job.progress(0.5, "under way", step="work")
        span = {"job_id": job.id, "attempt": job.attempt}
        async with job.database.autocommit() as conn:
            await conn.execute(text(BEGIN), {**span, "key": params.key})
        await asyncio.sleep(params.seconds)
        if params.fails:
            raise Transient("try later")
        async with job.database.autocommit() as conn:
            await conn.execute(text(END), span)


class OtherLimitedHandler(LimitedHandler):
    """Shares its limits with jobs of another queue."""

    job_type = "test_other_limited"
    queue = "other"


class SnoozingHandler(Handler[SnoozingParams]):
    """Snoozes at its first attempts, then fails so often as told, then completes."""

    job_type = "test_snoozing"
    retry = Retry(times=1, wait=timedelta(0))

    async def run(self, params: SnoozingParams, job: Job) -> None:
        job.progress(0.5, "under way", step="work")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(params.works)
        if job.attempt <= params.naps:
            raise Snooze(timedelta(seconds=params.seconds))
        if job.attempt <= params.naps + params.then_fails:
            raise Transient("try later")


class SnoozingProcessHandler(SnoozingHandler):
    job_type = "test_snoozing_process"
    own_process = True


class LimitedSnoozer(Handler[SnoozingParams]):
    job_type = "test_limited_snoozer"

    def limit(self, params: SnoozingParams) -> Limit:
        return Limit("naps", at_once=1)

    async def run(self, params: SnoozingParams, job: Job) -> None:
        if job.attempt <= params.naps:
            raise Snooze(timedelta(seconds=params.seconds))


async def make_spans_table(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(text(TABLE))
        await conn.execute(text("truncate test_spans"))


async def submitted(
    database: Database, jobs: int, priority: int = 0, handler: Any = LimitedHandler, **params: Any
) -> list[int]:
    async with database.transaction() as conn:
        many = [LimitedParams(**params)] * jobs
        return await service.submit_many(conn, handler, many, priority=priority)
