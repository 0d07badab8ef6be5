"""Jobs: add, find, cancel, try again, clean up."""

import asyncio
import time
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.moments import Moment
from app.new_jobs import NewJob
from app.pages import Cursor, Limit, page_of, place_of
from app.row_ids import RowId
from app.schemas import Deleted, JobOut, JobPage, Status
from app.state import Web
from app.submission import Submitting, accepted, checked_params, handler_of, refuse_unknown_type
from jobs.retention import BATCH, rest_after
from jobs.service import JobNotFound, KeptFor, cancel, delete_finished, retry
from store.jobs import JobFilter, JobRow, get_job, list_jobs

CLEANUP_BUDGET = timedelta(seconds=5)

router = APIRouter(route_class=StrictRoute, tags=["jobs"])
JobId = RowId


@router.post("/jobs", status_code=202)
async def add_job(new: NewJob, submitting: Submitting, response: Response) -> JobOut:
    """Adds a job to its queue."""
    handler = handler_of(new.type, "/type")
    params = checked_params(handler, new.params, parent="/params")
    job = await submitting.add(handler, params, run_after=new.run_after, priority=new.priority)
    return accepted(response, job)


@router.get("/jobs")
async def find_jobs(
    web: Web,
    request: Request,
    response: Response,
    status: Annotated[list[Status], Query(max_length=5, description="May be given several times")] = [],  # noqa: B006
    job_type: Annotated[str | None, Query(alias="type")] = None,
    queue: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_.-]{1,128}$")] = None,
    created_since: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage:
    """Jobs, newest first. Follow `next_cursor`, or the header Link, to the older ones."""
    wanted = JobFilter(tuple(status), job_type, queue, created_since)
    after = place_of(cursor, decode_cursor)
    async with web.read() as conn:
        if job_type is not None:
            await refuse_unknown_type(conn, job_type, "?type")
        found = await list_jobs(conn, wanted, after=after, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda job: encode_cursor(job.id), request, response)
    return JobPage(items=[JobOut.of(job) for job in page], next_cursor=next_cursor)


@router.delete("/jobs/cleanup")
async def clean_up_jobs(
    web: Web,
    older_than_days: Annotated[float, Query(ge=0, le=3_650, allow_inf_nan=False)] = 7,
) -> Deleted:
    """Deletes the jobs that finished longer ago, in small transactions, for some seconds at most."""
    deleted, ends_at = 0, time.monotonic() + CLEANUP_BUDGET.total_seconds()
    while (began := time.monotonic()) < ends_at:
        async with web.transaction() as conn:
            batch = await delete_finished(conn, KeptFor.all_alike(timedelta(days=older_than_days)))
        if batch == 0:
            return Deleted(deleted=deleted, complete=True)
        deleted += batch
        if batch >= BATCH:
            await asyncio.sleep(rest_after(began))
    return Deleted(deleted=deleted, complete=False)


@router.get("/jobs/{job_id}")
async def show_job(job_id: JobId, web: Web) -> JobOut:
    async with web.read() as conn:
        job = await get_job(conn, job_id)
    return JobOut.of(_existing(job_id, job))


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel_job(job_id: JobId, web: Web, response: Response) -> JobOut:
    """Cancels a pending job at once, and asks the worker of a running one to stop it."""
    async with web.transaction() as conn:
        await cancel(conn, job_id)
        job = await get_job(conn, job_id)
    return accepted(response, JobOut.of(_existing(job_id, job)))


@router.post("/jobs/{job_id}/retry", status_code=202)
async def retry_job(job_id: JobId, web: Web, response: Response) -> JobOut:
    """Puts a failed or cancelled job back into its queue."""
    async with web.transaction() as conn:
        await retry(conn, job_id)
        job = await get_job(conn, job_id)
    return accepted(response, JobOut.of(_existing(job_id, job)))


def _existing(job_id: int, job: JobRow | None) -> JobRow:
    if job is None:
        raise JobNotFound(job_id)
    return job
