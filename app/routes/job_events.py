"""One job followed as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.bodies import StrictRoute
from app.job_events import TooManyStreams
from app.problems import Problem
from app.routes.jobs import JobId
from app.schemas import JobOut
from app.state import Web
from jobs.service import JobNotFound
from store.jobs import get_job

RECONNECT_MILLISECONDS = 2_000

router = APIRouter(route_class=StrictRoute, tags=["jobs"])


async def _watched(job_id: JobId, web: Web) -> AsyncIterator[asyncio.Event]:
    """What wakes the stream. Refusals happen here, while the answer can still be a problem."""
    if web.is_draining:
        raise Problem("not-ready", "The process is stopping", headers={"Retry-After": "2"})
    async with web.read() as conn:
        if await get_job(conn, job_id) is None:
            raise JobNotFound(job_id)
    try:
        with web.events.watch(job_id) as changed:
            yield changed
    except TooManyStreams:
        told = "This process serves as many event streams as it may; poll the job instead"
        raise Problem("too-many-streams", told, headers={"Retry-After": "5"}) from None


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def follow_job(
    job_id: JobId, web: Web, changed: Annotated[asyncio.Event, Depends(_watched)]
) -> AsyncIterator[ServerSentEvent]:
    """Event `progress` with the job now and at each change; event `end` with the finished job, at last."""
    async for row in web.events.changes(job_id, changed):
        event = "progress" if row.is_active else "end"
        yield ServerSentEvent(data=JobOut.of(row), event=event, retry=RECONNECT_MILLISECONDS)
