"""Cancelling every job that a filter finds."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from app.bodies import StrictRoute
from app.moments import Moment
from app.problems import invalid
from app.row_ids import BIGINT_MAX
from app.schemas import JobsCancelled
from app.state import Web, WebState
from app.strict_json import Fault
from app.submission import refuse_unknown_type
from jobs.service import CancelledJobs, HeldByOthers, cancel_held, cancel_some
from store.jobs import JobFilter, cancellable_jobs

BATCH = 1_000
BUDGET = timedelta(seconds=5)
EXAMPLE: JsonDict = {
    "type": "quick_data_refresh",
    "statuses": ["pending"],
    "created_since": "2026-05-01T00:00:00Z",
}

router = APIRouter(route_class=StrictRoute, tags=["jobs"])


class CancelFilter(BaseModel):
    """Which jobs to cancel: every condition given must hold, and one at least must be given."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE]})

    statuses: list[Literal["pending", "running"]] | None = Field(None, min_length=1, max_length=2)
    type: str | None = None
    queue: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,128}$")
    created_since: Moment | None = None
    ids: list[Annotated[int, Field(ge=1, le=BIGINT_MAX)]] | None = Field(
        None, min_length=1, max_length=10_000
    )


@dataclass
class _Tally:
    """What has become of the jobs so far; those that are held are for the second round."""

    cancelled: int = 0
    asked: int = 0
    skipped: int = 0
    held: list[int] = field(default_factory=list)

    def add(self, done: CancelledJobs, held: list[int], gone: int) -> None:
        self.cancelled += len(done.cancelled)
        self.asked += len(done.asked)
        self.held += held
        self.skipped += gone

    def answer(self, *, complete: bool) -> JobsCancelled:
        matched = self.cancelled + self.asked + self.skipped
        return JobsCancelled(
            matched=matched,
            cancelled=self.cancelled,
            asked=self.asked,
            skipped=self.skipped,
            complete=complete,
        )


@router.post("/jobs/cancel")
async def cancel_jobs(given: CancelFilter, web: Web) -> JobsCancelled:
    """Cancels the pending jobs that the filter finds, and asks the workers of the running ones to stop them.

    In batches of 1,000, for some seconds at most. Two such requests at once act on each job once.
    """
    wanted = _wanted(given)
    if given.type is not None:
        async with web.read() as conn:
            await refuse_unknown_type(conn, given.type, "/type")
    tally, ends_at = _Tally(), time.monotonic() + BUDGET.total_seconds()
    complete = await _cancel_in_batches(web, wanted, tally, ends_at)
    complete = await _cancel_held(web, tally, ends_at + BUDGET.total_seconds()) and complete
    return tally.answer(complete=complete)


def _wanted(given: CancelFilter) -> JobFilter:
    if all(value is None for value in vars(given).values()):
        conditions = ", ".join(CancelFilter.model_fields)
        told = f"an empty filter would cancel every job; give at least one of: {conditions}"
        raise invalid([Fault("", told)])
    return JobFilter(
        statuses=tuple(given.statuses or ()),
        job_type=given.type,
        queue=given.queue,
        created_since=given.created_since,
        ids=tuple(given.ids or ()),
    )


async def _cancel_in_batches(web: WebState, wanted: JobFilter, tally: _Tally, ends_at: float) -> bool:
    """Cancels what nobody else holds, in the order of the ids; whether the end was reached in time."""
    after = 0
    while time.monotonic() < ends_at:
        async with web.transaction() as conn:
            ids = await cancellable_jobs(conn, wanted, after=after, limit=BATCH)
            done = await cancel_some(conn, ids)
            left = tuple(set(ids).difference(done.cancelled, done.asked))
            held = await cancellable_jobs(conn, JobFilter(ids=left), limit=BATCH) if left else []
        tally.add(done, held, gone=len(left) - len(held))
        if len(ids) < BATCH:
            return True
        after = ids[-1]
    return False


async def _cancel_held(web: WebState, tally: _Tally, ends_at: float) -> bool:
    """The running jobs that were held, one by one: whoever waits must hold nothing that others wait for."""
    while tally.held and time.monotonic() < ends_at:
        try:
            async with web.transaction() as conn:
                done = await cancel_held(conn, tally.held[-1])
        except HeldByOthers:
            done = CancelledJobs([], [])
        tally.held.pop()
        tally.add(done, [], gone=not (done.cancelled or done.asked))
    return not tally.held
