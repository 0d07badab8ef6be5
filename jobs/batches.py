"""Many jobs of any types added with one statement, all or none."""

import asyncio
from collections.abc import Sequence
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


class SameWork(Exception):
    """A job of a batch has the unique key of an active job, or of another job of the batch.

    `index` is its place in the batch; `job_id` the active job, None when both are in the batch.
    """

    def __init__(self, index: int, job_id: int | None, twin: int | None = None) -> None:
        other = (
            f"already queued or running as job {job_id}" if job_id else f"that of job {twin} of this batch"
        )
        super().__init__(f"the work of job {index} of this batch is {other}")
        self.index = index
        self.job_id = job_id


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
    keys = [job.handler().unique_key(job.params) for job in jobs]
    _refuse_twins(keys)
    limits = [job.handler().limit(job.params) for job in jobs]
    await set_limits(conn, limits)
    meta = to_json({"requested_by": requested_by, "request_id": request_id}).decode()
    written = await asyncio.to_thread(_written, jobs, keys, limits, meta)
    while True:
        savepoint = await conn.begin_nested()
        ids = list(await conn.scalars(query("enqueue_batch"), {"jobs": written}))
        if len(ids) == len(jobs):
            await savepoint.commit()
            return ids
        values = {"keys": [key for key in keys if key], "new": ids}
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
    jobs: Sequence[BatchJob], keys: Sequence[str | None], limits: Sequence[Limit | None], meta: str
) -> str:
    """The jobs as one JSON text: thousands of parameters would take the driver longer than the server."""
    rows = []
    for job, key, limit in zip(jobs, keys, limits, strict=True):
        row = to_json(
            {
                "queue": job.handler.queue,
                "job_type": job.handler.job_type,
                "priority": job.priority,
                "run_after": job.run_after,
                "unique_key": key,
                "limit_key": limit and limit.key,
            }
        ).decode()
        rows.append(f'{row[:-1]},"args":{{"params":{job.params.model_dump_json()},"meta":{meta}}}}}')
    return f"[{','.join(rows)}]"
