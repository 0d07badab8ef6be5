"""What the rest of the program may ask of the queue, on the caller's connection and in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, JobParams
from jobs.limits import set_limits
from store.database import DatabaseUnavailable
from store.jobs import (
    active_job_with_key,
    get_job,
    hold_pending,
    hold_running,
    notify_changed,
    wait_for_running,
)
from store.queries import query, query_text


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
    new = _NewJobs(handler, [params], _meta(requested_by, request_id), run_after, priority)
    while True:
        ids = await _insert(conn, new)
        if ids:
            return ids[0]
        active = await active_job_with_key(conn, str(new.unique_keys[0]))
        if active is not None:  # otherwise the twin has ended between the refusal and the look-up
            raise AlreadyActive(active)


async def submit_many(
    conn: AsyncConnection,
    handler: type[Handler[Any]],
    many: Sequence[JobParams],
    *,
    requested_by: str | None = None,
    request_id: str | None = None,
    run_after: datetime | None = None,
    priority: int = 0,
) -> list[int]:
    """Adds jobs of one type, all or none. Gives their ids in the same order.

    Raises AlreadyActive when a unique key is taken, by an active job or by two of these; none is added then.
    """
    new = _NewJobs(handler, many, _meta(requested_by, request_id), run_after, priority)
    if not any(new.unique_keys):
        return await _insert(conn, new)
    async with conn.begin_nested():
        ids = await _insert(conn, new)
        if len(ids) < len(many):
            raise AlreadyActive(await _first_taken(conn, new.unique_keys, ids))
    return ids


class _NewJobs:
    def __init__(
        self,
        handler: type[Handler[Any]],
        params: Sequence[JobParams],
        meta: bytes,
        run_after: datetime | None,
        priority: int,
    ) -> None:
        self.handler, self.params, self.meta = handler, params, meta
        self.run_after, self.priority = run_after, priority
        asked = handler()
        self.unique_keys = [asked.unique_key(one) for one in params]
        self.limits = [asked.limit(one) for one in params]


def _meta(requested_by: str | None, request_id: str | None) -> bytes:
    return to_json({"requested_by": requested_by, "request_id": request_id})


async def _insert(conn: AsyncConnection, new: _NewJobs) -> list[int]:
    end = f',"meta":{new.meta.decode()}}}'
    await set_limits(conn, new.limits)
    values: dict[str, Any] = {
        "queue": new.handler.queue,
        "job_type": new.handler.job_type,
        "priority": new.priority,
        "run_after": new.run_after,
        "args": _array([f'{{"params":{params.model_dump_json()}{end}' for params in new.params]),
    }
    has_keys = any(new.unique_keys) or any(new.limits)
    if has_keys:
        values["unique_keys"] = new.unique_keys
        values["limit_keys"] = [limit and limit.key for limit in new.limits]
    try:
        # On the driver's own connection: the statement is the same each time, and there may be thousands.
        driver = await _driver(conn)
        added = await driver.execute(query_text("enqueue_keyed" if has_keys else "enqueue"), values)
        return [row[0] for row in await added.fetchall()]
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable("the job could not be added") from error


def _array(texts: Sequence[str]) -> str:
    """As PostgreSQL writes arrays: for thousands of texts much faster than a list of parameters."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join([f'"{text}"' for text in quoted]) + "}"


async def _first_taken(conn: AsyncConnection, keys: Sequence[str | None], ids: Sequence[int]) -> int:
    """The active job that holds one of the keys: an earlier one, or one of the new."""
    taken = await conn.scalar(
        query("first_with_keys"), {"keys": [key for key in keys if key], "new": list(ids)}
    )
    return int(taken or ids[0])


async def cancel(conn: AsyncConnection, job_id: int) -> None:
    """Cancels a pending job at once; asks the worker of a running one to stop it."""
    if not await conn.scalar(text("select cancel_jobs(array[cast(:id as bigint)])"), {"id": job_id}):
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
    deleted = await conn.scalar(query("delete_finished"), {"older_than": older_than, "limit": limit})
    return int(deleted or 0)


async def _refuse(conn: AsyncConnection, job_id: int, asked: str) -> None:
    job = await get_job(conn, job_id)
    if job is None:
        raise JobNotFound(job_id)
    raise WrongStatus(job_id, job.status, asked)


async def _driver(conn: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    driver: Any = (await conn.get_raw_connection()).driver_connection
    connection: psycopg.AsyncConnection[Any] = driver
    return connection


class HeldByOthers(Exception):
    """Another transaction, its handler's for one, holds the job for too long."""


@dataclass(frozen=True)
class CancelledJobs:
    """The jobs that one call acted on: pending ones are cancelled, the workers of running ones were asked."""

    cancelled: list[int]
    asked: list[int]


async def cancel_some(conn: AsyncConnection, ids: Sequence[int]) -> CancelledJobs:
    """Cancels those of the jobs that are pending, and asks those that run to stop.

    A running job that is held, by its end or by its handler's transaction, is left out: waiting for one while
    holding others could stop both. `cancel_held` waits for it.
    """
    pending = await hold_pending(conn, ids)
    running = await hold_running(conn, ids)
    await _cancel_jobs(conn, pending + running)
    return CancelledJobs(pending, running)


async def cancel_held(conn: AsyncConnection, job_id: int) -> CancelledJobs:
    """As `cancel_some` for one job, once it can be had. Raises HeldByOthers when that takes too long."""
    pending = await hold_pending(conn, [job_id])
    try:
        running = [] if pending else await wait_for_running(conn, job_id)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise HeldByOthers from None
        raise
    await _cancel_jobs(conn, pending + running)
    return CancelledJobs(pending, running)


async def _cancel_jobs(conn: AsyncConnection, ids: Sequence[int]) -> None:
    await conn.execute(text("select cancel_jobs(:ids)"), {"ids": ids})
    await notify_changed(conn, *ids)
