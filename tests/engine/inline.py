"""Runs a handler in the test's own process, on a job that it really holds."""

from typing import Any

from sqlalchemy import text

from config.settings import Settings
from jobs import service
from jobs.handler import Handler, Job, JobParams
from store.database import Database
from tests.engine import NoopHandler


async def run_inline(
    database: Database, settings: Settings, handler: type[Handler[Any]], params: JobParams
) -> tuple[int, Any]:
    """The job's id and what its handler returned; the job is completed afterwards."""
    job = await held_job(database, settings, handler, params)
    result = await handler().run(params, job)
    async with database.transaction() as conn:
        await conn.execute(
            text("select complete_runs('test', array[cast(:id as bigint)], '{1}', null)"), {"id": job.id}
        )
    return job.id, result


async def held_job(
    database: Database,
    settings: Settings,
    handler: type[Handler[Any]] = NoopHandler,
    params: JobParams | None = None,
) -> Job:
    """A job that is running, held by its first attempt."""
    async with database.transaction() as conn:
        job_id = await service.submit(conn, handler, params or JobParams())
        await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))
    return Job(job_id, 1, database, settings, lambda *_: None)
