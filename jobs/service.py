"""What the rest of the program may ask of the queue, on the caller's connection and in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Self

import psycopg
from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, JobParams, Limit
from jobs.limits import set_limits
from store.database import DatabaseUnavailable
from store.jobs import (
    active_job_with_key,
    get_job,
    hold_pending,
    hold_running,
    notify_changed,
    wait_for_running,
    waiting_steps,
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

    def __init__(self, job_id: int, status: str, asked: str, *, unit: str = "job") -> None:
        super().__init__(f"{unit} {job_id} is {status}: {asked}")
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

    Where nothing else is written, `database.autocommit()` has the job stored in one round trip.

    Raises AlreadyActive, and leaves the caller's transaction usable, when the handler's unique key is taken.
    """
    asked = handler()
    unique_key, limit = asked.key_of(params), asked.limit(params)
    await set_limits(conn, [limit])
    args = f'{{"params":{params.model_dump_json()},"meta":{_meta(requested_by, request_id)}}}'
    values = (handler.queue, handler.job_type, priority, run_after, args, unique_key, limit and limit.key)
    while True:
        [added] = await _execute(conn, "select add_job(%s, %s, %s, %s, %s::jsonb, %s, %s)", values)
        if added is not None:
            return int(added)
        active = await active_job_with_key(conn, str(unique_key))
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
    order, keys = _in_order_of_keys(_keys(handler, many))
    ordered = [many[place] for place in order] if keys else list(many)
    limits = _limits(handler, ordered)
    await set_limits(conn, limits)
    values: dict[str, Any] = {
        "queue": handler.queue,
        "job_type": handler.job_type,
        "priority": priority,
        "run_after": run_after,
        "meta": _meta(requested_by, request_id),
        "params": _serializer(handler.params).dump_json(ordered).decode(),
    }
    if not keys and not limits:
        return await _execute(conn, query_text("enqueue"), values)
    values |= {"unique_keys": keys, "limit_keys": [limit and limit.key for limit in limits]}
    async with conn.begin_nested():
        ids = await _execute(conn, query_text("enqueue_keyed"), values)
        if len(ids) < len(many):
            raise AlreadyActive(await _first_taken(conn, keys, ids))
    return [job_id for _, job_id in sorted(zip(order, ids, strict=True))] if keys else ids


def _in_order_of_keys(keys: list[str | None]) -> tuple[list[int], list[str | None]]:
    """The places and the keys, sorted: each key may be waited for, in one order for all who add several."""
    order = sorted(range(len(keys)), key=lambda place: keys[place] or "")
    return order, [keys[place] for place in order]


def _keys(handler: type[Handler[Any]], many: Sequence[JobParams]) -> list[str | None]:
    """The unique keys; none for a job type that never has one."""
    if handler.unique_key is Handler.unique_key:
        return []
    asked = handler()
    return [asked.key_of(params) for params in many]


def _limits(handler: type[Handler[Any]], many: Sequence[JobParams]) -> list[Limit | None]:
    if handler.limit is Handler.limit:
        return []
    asked = handler()
    return [asked.limit(params) for params in many]


@cache
def _serializer(params: type[JobParams]) -> TypeAdapter[list[Any]]:
    """Of thousands of parameters at once; each for itself would take longer than storing them."""
    return TypeAdapter(list[params])  # type: ignore[valid-type]


def _meta(requested_by: str | None, request_id: str | None) -> str:
    return to_json({"requested_by": requested_by, "request_id": request_id}).decode()


async def _execute(
    conn: AsyncConnection, statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> list[Any]:
    """The first column, by the driver's own connection: for few and plain statements, made very often."""
    driver: Any = (await conn.get_raw_connection()).driver_connection
    try:
        rows = await (await driver.execute(statement, values)).fetchall()
    except psycopg.errors.DiskFull as error:
        raise OperationalError("add jobs", None, error, hide_parameters=True) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable("the job could not be added") from error
    return [row[0] for row in rows]


async def _first_taken(conn: AsyncConnection, keys: Sequence[str | None], ids: Sequence[int]) -> int:
    """The active job that holds one of the keys: an earlier one, or one of the new."""
    taken = await conn.scalar(
        query("first_with_keys"), {"keys": [key for key in keys if key], "new": list(ids)}
    )
    return int(taken or ids[0])


async def cancel(conn: AsyncConnection, job_id: int) -> None:
    """Cancels a pending job at once; asks the worker of a running one to stop it.

    The steps that wait for it are cancelled with it; those that wait for a running one, when it has stopped.
    """
    acted = await conn.scalar(text("select cancel_jobs(array[cast(:id as bigint)])"), {"id": job_id})
    if not acted:
        await _refuse(conn, job_id, "only pending and running jobs can be cancelled")
    await notify_changed(conn, *acted)


async def retry(conn: AsyncConnection, job_id: int) -> None:
    """Puts a failed or cancelled job back into its queue, with the steps that were cancelled after it."""
    back = await put_back(conn, [job_id])
    if not back:
        await _refuse_retry(conn, job_id)
    await notify_changed(conn, *back)


async def put_back(conn: AsyncConnection, ids: Sequence[int]) -> list[int]:
    """As `retry` for those of the jobs that failed or were cancelled; gives the ids of all that went back.

    A step after one that failed or was cancelled, and that is not among the jobs, stays as it is.
    """
    try:
        async with conn.begin_nested():
            return list(await conn.scalar(text("select retry_jobs(:ids)"), {"ids": ids}))
    except IntegrityError:
        twin = await conn.scalar(query("active_twin"), {"ids": ids})
        raise AlreadyActive(twin or ids[0]) from None


@dataclass(frozen=True)
class KeptFor:
    """How long jobs are kept after they finished, by their status; None is for ever."""

    completed: timedelta | None
    failed: timedelta | None
    cancelled: timedelta | None

    @classmethod
    def days(cls, completed: float, failed: float, cancelled: float) -> Self:
        """In days, 0 is for ever."""
        return cls(*(timedelta(days=days) if days else None for days in (completed, failed, cancelled)))

    @classmethod
    def all_alike(cls, age: timedelta) -> Self:
        return cls(age, age, age)


async def delete_finished(conn: AsyncConnection, kept: KeptFor, limit: int = 1_000) -> int:
    """Deletes one batch of jobs that were kept long enough; gives how many, 0 when none is left."""
    deleted = await conn.scalar(query("delete_finished"), {**vars(kept), "limit": limit})
    return int(deleted or 0)


async def _refuse_retry(conn: AsyncConnection, job_id: int) -> None:
    parent = (await conn.execute(query("ended_parent"), {"id": job_id})).first()
    asked = "only failed and cancelled jobs can be tried again"
    if parent is not None:
        asked = f"it waits for job {parent.id}, which is {parent.status}: retry that one, or the pipeline"
    await _refuse(conn, job_id, asked)


async def _refuse(conn: AsyncConnection, job_id: int, asked: str) -> None:
    job = await get_job(conn, job_id)
    if job is None:
        raise JobNotFound(job_id)
    raise WrongStatus(job_id, job.status, asked)


class HeldByOthers(Exception):
    """Another transaction, its handler's for one, holds the job for too long."""


@dataclass(frozen=True)
class CancelledJobs:
    """The jobs that one call acted on: pending ones are cancelled, the workers of running ones were asked.

    Among the cancelled are the steps that waited for those of the call.
    """

    cancelled: list[int]
    asked: list[int]


async def cancel_some(conn: AsyncConnection, ids: Sequence[int]) -> CancelledJobs:
    """Cancels those of the jobs that are pending, and asks those that run to stop.

    A running job that is held, by its end or by its handler's transaction, is left out: waiting for one while
    holding others could stop both. `cancel_held` waits for it.
    """
    pending = await hold_pending(conn, ids)
    running = await hold_running(conn, ids)
    return await _cancel_free(conn, [*pending, *running, *await waiting_steps(conn, ids)])


async def cancel_held(conn: AsyncConnection, job_id: int) -> CancelledJobs:
    """As `cancel_some` for one job, once it can be had. Raises HeldByOthers when that takes too long."""
    pending = await hold_pending(conn, [job_id])
    try:
        running = [] if pending else await wait_for_running(conn, job_id)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise HeldByOthers from None
        raise
    return await _cancel_free(conn, [*pending, *running, *await waiting_steps(conn, [job_id])])


async def _cancel_free(conn: AsyncConnection, ids: Sequence[int]) -> CancelledJobs:
    rows = (await conn.execute(text("select id, is_asked from cancel_free_jobs(:ids)"), {"ids": ids})).all()
    await notify_changed(conn, *[row.id for row in rows])
    return CancelledJobs(
        [row.id for row in rows if not row.is_asked], [row.id for row in rows if row.is_asked]
    )
