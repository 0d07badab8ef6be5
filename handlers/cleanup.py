"""Delete old jobs, predictions and picks, and expired keys, in batches that never block the queue."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, Job, JobParams
from jobs.retention import BATCH, rest_after
from jobs.service import KeptFor, delete_finished
from store.idempotency import delete_expired
from store.picks import delete_old_picks
from store.predictions import delete_old_predictions


class CleanupParams(JobParams):
    older_than_days: float = Field(7, ge=0, le=3_650, description="Jobs that finished so many days ago")
    predictions_older_than_days: float = Field(
        7,
        ge=0,
        le=3_650,
        description="Predictions and picks made so many days ago; the last prediction before a kick-off "
        "stays, as do picks that were bet on",
    )


class CleanupResult(BaseModel):
    deleted: int
    keys_deleted: int
    predictions_deleted: int
    picks_deleted: int


class CleanupHandler(Handler[CleanupParams]):
    job_type = "cleanup"
    timeout = timedelta(minutes=10)

    def unique_key(self, params: CleanupParams) -> str:  # noqa: ARG002 - two at once would do the same work
        return "cleanup"

    async def run(self, params: CleanupParams, job: Job) -> CleanupResult:
        kept = KeptFor.all_alike(timedelta(days=params.older_than_days))
        age = timedelta(days=params.predictions_older_than_days)
        return CleanupResult(
            deleted=await _in_batches(job, lambda conn: delete_finished(conn, kept), "jobs"),
            keys_deleted=await _in_batches(job, delete_expired, "keys"),
            predictions_deleted=await _in_batches(
                job, lambda conn: delete_old_predictions(conn, age, BATCH), "predictions"
            ),
            picks_deleted=await _in_batches(job, lambda conn: delete_old_picks(conn, age, BATCH), "picks"),
        )


async def _in_batches(job: Job, delete: Callable[[AsyncConnection], Awaitable[int]], what: str) -> int:
    """How many one batch after the other deleted, until none was left."""
    deleted, batch = 0, 1
    while batch:
        began = time.monotonic()
        async with job.transaction() as conn:
            batch = await delete(conn)
        deleted += batch
        job.progress(0, f"{deleted} {what} deleted")
        if batch >= BATCH:
            await asyncio.sleep(rest_after(began))
    return deleted
