"""Up to 10,000 jobs in one request, added all or none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.bodies import StrictRoute, parsed
from app.new_jobs import MAX_FAULTS, NewJob, checked, checked_job, each_checked
from app.problems import RETRY_SECONDS, Problem, invalid
from app.schemas import JobsAdded
from app.state import WebState
from app.strict_json import Fault
from app.submission import POLL_SECONDS, Submitting
from jobs.batches import BatchJob

MAX_JOBS = 10_000
MAX_BATCH_BYTES = 10_000_000
# A comma separates two values. In memory each takes many times the bytes that it takes in the body.
MAX_COMMAS = 1_000_000
SECONDS_FOR_A_TURN = 5
SECONDS_FOR_A_BATCH = 60
EXAMPLE = {
    "jobs": [
        {"type": "quick_data_refresh", "params": {"refresh_token": True}},
        {"type": "prediction_generation", "params": {"horizon_days": 3}, "priority": 5},
        {"type": "cleanup", "run_after": "2026-05-01T02:00:00Z"},
    ]
}


class _Batch(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    jobs: list[Any] = Field(min_length=1, max_length=MAX_JOBS)


class BatchRoute(StrictRoute):
    """A route for large bodies. Few are taken at once, and none for long: each is held in memory."""

    max_body_bytes = MAX_BATCH_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def in_turn(request: Request) -> Response:
            async with _turn(request.app.state.web):
                try:
                    async with asyncio.timeout(SECONDS_FOR_A_BATCH):
                        return await answer(request)
                except TimeoutError:
                    told = f"the body must be here within {SECONDS_FOR_A_BATCH} seconds"
                    raise Problem("body-too-slow", told) from None

        return in_turn


def _schema() -> dict[str, Any]:
    """The request body in the API's schema. It is checked here, not by the framework, to tell every fault."""
    jobs = {"type": "array", "minItems": 1, "maxItems": MAX_JOBS, "items": NewJob.model_json_schema()}
    schema = {
        "type": "object",
        "properties": {"jobs": jobs},
        "required": ["jobs"],
        "additionalProperties": False,
    }
    return {
        "requestBody": {
            "required": True,
            "description": f"At most {MAX_BATCH_BYTES:,} bytes",
            "content": {"application/json": {"schema": schema, "example": EXAMPLE}},
        }
    }


router = APIRouter(route_class=BatchRoute, tags=["jobs"])


@router.post("/jobs/batch", status_code=202, openapi_extra=_schema())
async def add_jobs(request: Request, submitting: Submitting, response: Response) -> JobsAdded:
    """Adds many jobs, all or none: nothing is added if one is wrong or its work is queued or running."""
    body = await request.body()
    async with submitting.web.batch_check:
        jobs = await asyncio.to_thread(_checked_batch, body)
    answer = await submitting.add_batch(jobs)
    response.headers["Retry-After"] = POLL_SECONDS
    return answer


@asynccontextmanager
async def _turn(web: WebState) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(SECONDS_FOR_A_TURN):
            await web.batches.acquire()
    except TimeoutError:
        told = "other batches are being added; send this one again in a moment"
        raise Problem("too-many-batches", told, headers={"Retry-After": RETRY_SECONDS}) from None
    try:
        yield
    finally:
        web.batches.release()


def _checked_batch(body: bytes) -> list[BatchJob]:
    """The jobs of a body. Raises a problem that points at the first faults of all of them."""
    if body.count(b",") > MAX_COMMAS:
        raise invalid([Fault("", f"the batch may have at most {MAX_COMMAS:,} values")])
    given = parsed(body) if body else None
    batch = checked(_Batch, given)
    jobs, faults = each_checked(batch.jobs, "/jobs", partial(checked_job, NewJob))
    if faults:
        raise invalid(faults[:MAX_FAULTS])
    return jobs
