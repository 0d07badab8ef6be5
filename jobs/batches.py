"""Many jobs of any types added with one statement, all or none."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, JobParams, Limit
from jobs.limits import set_limits
from store.queries import query


@dataclass(frozen=True)
class BatchJob:
    """A job to be added, as `jobs.service.submit` takes it."""

    handler: type[Handler[Any]]
    params: JobParams
    run_after: datetime | None = None
    priority: int = 0


@dataclass(frozen=True)
class Place:
    """Where a job stands in a pipeline; `waits` says that other steps must complete before it."""

    graph_id: int
    step: str
    waits: bool


class SameWork(Exception):
    """A job of a batch has the unique key of an active job, or of another job of the batch.

    `index` is its place in the batch; `job_id` the active job, None when both are in the batch.
    """

    unit, whole = "job", "batch"

    def __init__(self, index: int, job_id: int | None, twin: int | None = None) -> None:
        ours = f"that of {self.unit} {twin} of this {self.whole}"
        other = f"already queued or running as job {job_id}" if job_id else ours
        super().__init__(f"the work of {self.unit} {index} of this {self.whole} is {other}")
        self.index, self.job_id, self.twin = index, job_id, twin


async def submit_batch(
    conn: AsyncConnection,
    jobs: Sequence[BatchJob],
    *,
    requested_by: str | None = None,
    request_id: str | None = None,
) -> list[int]:
    """Adds the jobs, all or none. Gives their ids in the same order.

    Raises SameWork, and leaves the caller's transaction usable, when a unique key is taken.
    """
    ids = await new_job_ids(conn, len(jobs))
    await add_jobs(conn, ids, jobs, {"requested_by": requested_by, "request_id": request_id})
    return ids


async def new_job_ids(conn: AsyncConnection, count: int) -> list[int]:
    return list(await conn.scalars(query("new_job_ids"), {"count": count}))


async def add_jobs(
    conn: AsyncConnection,
    ids: Sequence[int],
    jobs: Sequence[BatchJob],
    meta: Mapping[str, Any],
    places: Sequence[Place] = (),
) -> None:
    """Adds the jobs under these ids, all or none; with places, as steps of a pipeline. Raises SameWork."""
    keys = [job.handler().key_of(job.params) for job in jobs]
    _refuse_twins(keys)
    limits = [job.handler().limit(job.params) for job in jobs]
    await set_limits(conn, limits)
    written = await asyncio.to_thread(_written, ids, jobs, keys, limits, meta, places)
    while True:
        savepoint = await conn.begin_nested()
        added = list(await conn.scalars(query("enqueue_batch"), {"jobs": written}))
        if len(added) == len(jobs):
            await savepoint.commit()
            return
        values = {"keys": [key for key in keys if key], "new": added}
        taken = (await conn.execute(query("taken_by_others"), values)).first()
        await savepoint.rollback()
        if taken:  # otherwise the other has ended between the refusal and the look-up
            raise SameWork(keys.index(taken.unique_key), taken.id)


def _refuse_twins(keys: Sequence[str | None]) -> None:
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key is not None and first.setdefault(key, index) != index:
            raise SameWork(index, None, first[key])


def _written(
    ids: Sequence[int],
    jobs: Sequence[BatchJob],
    keys: Sequence[str | None],
    limits: Sequence[Limit | None],
    meta: Mapping[str, Any],
    places: Sequence[Place],
) -> str:
    """The jobs as one JSON text: thousands of parameters would take the driver longer than the server."""
    same_meta = to_json(meta).decode()
    rows = []
    placed: Sequence[Place | None] = places or [None] * len(jobs)
    for job_id, job, key, limit, place in zip(ids, jobs, keys, limits, placed, strict=True):
        row = to_json(
            {
                "id": job_id,
                "queue": job.handler.queue,
                "job_type": job.handler.job_type,
                "priority": job.priority,
                "run_after": job.run_after,
                "unique_key": key,
                "limit_key": limit and limit.key,
                "graph_id": place and place.graph_id,
                "waits": place and place.waits,
            }
        ).decode()
        own_meta = to_json({**meta, "step": place.step}).decode() if place else same_meta
        rows.append(f'{row[:-1]},"args":{{"params":{job.params.model_dump_json()},"meta":{own_meta}}}}}')
    return f"[{','.join(rows)}]"
