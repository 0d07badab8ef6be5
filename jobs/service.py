"""What the rest of the program may ask of the queue, on the caller's connection and in its transaction."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job as QueuedJob
from procrastinate.manager import JobManager
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, JobParams
from store.database import DatabaseUnavailable
from store.jobs import active_job_with_key, get_job, notify_changed
from store.queries import query

# Never opened: every statement goes through the connection that the caller hands over.
_MANAGER = JobManager(PsycopgConnector())


class AlreadyActive(Exception):
    """A job with the same unique key is pending or running."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"the same work is already queued or running as job {job_id}")
        self.job_id = job_id


class JobNotFound(Exception):
    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no job {job_id}")


class WrongStatus(Exception):
    """The job's status does not allow what was asked."""

    def __init__(self, job_id: int, status: str, asked: str) -> None:
        super().__init__(f"job {job_id} is {status}: {asked}")
        self.status = status


async def submit(
    conn: AsyncConnection,
    handler: type[Handler[Any]],
    params: JobParams,
    *,
    requested_by: str | None = None,
    request_id: str | None = None,
    run_after: datetime | None = None,
    priority: int = 0,
) -> int:
    """Adds a job: it exists if and only if the caller's transaction commits. Gives its id.

    Raises AlreadyActive, and leaves the caller's transaction usable, when the handler's unique key is taken.
    """
    unique_key = handler().unique_key(params)
    meta: dict[str, Any] = {"requested_by": requested_by, "request_id": request_id, "unique_key": unique_key}
    job = QueuedJob(
        queue=handler.queue,
        task_name=handler.job_type,
        priority=priority,
        lock=None,
        queueing_lock=None,
        scheduled_at=run_after,
        task_kwargs={"params": params.model_dump(mode="json"), "meta": meta},
    )
    while True:
        try:
            async with conn.begin_nested():
                queued = await _MANAGER.defer_job_async(job, connection=await _raw(conn))
        except ConnectorException as error:
            if isinstance(error.__cause__, (psycopg.OperationalError, psycopg.InterfaceError)):
                raise DatabaseUnavailable("the job could not be added") from error
            if not isinstance(error, UniqueViolation):
                raise
            active = await active_job_with_key(conn, str(unique_key))
            if active is None:  # the twin ended between the refusal and the look-up
                continue
            raise AlreadyActive(active) from None
        assert queued.id is not None  # noqa: S101 - procrastinate always gives it here
        await notify_changed(conn, queued.id)
        return queued.id


async def cancel(conn: AsyncConnection, job_id: int) -> None:
    """Cancels a pending job at once; asks the worker of a running one to stop it."""
    done = await conn.scalar(text("select procrastinate_cancel_job_v1(:id, true, false)"), {"id": job_id})
    if done is None:
        await _refuse(conn, job_id, "only pending and running jobs can be cancelled")
    await notify_changed(conn, job_id)


async def retry(conn: AsyncConnection, job_id: int) -> None:
    """Puts a failed or cancelled job back into its queue."""
    try:
        async with conn.begin_nested():
            done = await conn.scalar(text("select retry_job(:id)"), {"id": job_id})
    except IntegrityError:
        twin = await conn.scalar(query("active_twin"), {"id": job_id})
        raise AlreadyActive(twin or job_id) from None
    if not done:
        await _refuse(conn, job_id, "only failed and cancelled jobs can be tried again")
    await notify_changed(conn, job_id)


async def delete_finished(conn: AsyncConnection, older_than: timedelta, limit: int = 1_000) -> int:
    """Deletes one batch of jobs that finished longer ago; gives how many, 0 when none is left."""
    deleted = await conn.execute(query("delete_finished"), {"older_than": older_than, "limit": limit})
    return deleted.rowcount


async def _refuse(conn: AsyncConnection, job_id: int, asked: str) -> None:
    job = await get_job(conn, job_id)
    if job is None:
        raise JobNotFound(job_id)
    raise WrongStatus(job_id, job.status, asked)


async def _raw(conn: AsyncConnection) -> Any:
    return (await conn.get_raw_connection()).driver_connection
