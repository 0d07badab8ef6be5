"""Adding a job over HTTP: parameters checked as the handler declares them, one transaction, one answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.idempotency import Once, OnceOnly
from app.problems import invalid, request_id_of
from app.schemas import JobOut, JobsAdded, PipelineOut
from app.state import Web, WebState
from app.strict_json import Fault
from app.validation import body_faults
from jobs.batches import BatchJob, submit_batch
from jobs.handler import HANDLERS, Handler, JobParams
from jobs.pipelines import Step, submit_pipeline
from jobs.service import submit
from store.jobs import get_job, has_jobs_of
from store.jsonb import storable_text
from store.pipelines import graph_steps

POLL_SECONDS = "1"
REQUESTED_BY = r"^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?$"
RequestedBy = Annotated[
    str | None,
    Header(alias="X-Requested-By", pattern=REQUESTED_BY, description="Who asks; shown with the job"),
]


@dataclass(frozen=True)
class Submission:
    """Who asks, and where the job goes."""

    web: WebState
    request_id: str
    requested_by: str | None
    once: Once = Once()  # noqa: RUF009 - it never changes

    async def add(
        self,
        handler: type[Handler[Any]],
        params: JobParams,
        *,
        run_after: datetime | None = None,
        priority: int = 0,
    ) -> JobOut:
        """The new job. Raises AlreadyActive when the same work is queued or running."""
        # Only an answer that must be kept with the job needs a transaction around both.
        async with self.web.transaction() if self.once.key else self.web.autocommit() as conn:
            await self.once.begin(conn)
            job_id = await submit(
                conn,
                handler,
                params,
                requested_by=self.requested_by,
                request_id=self.request_id,
                run_after=run_after,
                priority=priority,
            )
            job = await get_job(conn, job_id)
            assert job is not None  # noqa: S101 - it has just been added
            answer = JobOut.of(job)
            await self.once.keep(conn, answer, answer.links.self)
        return answer

    async def add_batch(self, jobs: Sequence[BatchJob]) -> JobsAdded:
        """The ids of the new jobs, all or none. Raises SameWork when the work of one is queued or running."""
        async with self.web.transaction() as conn:
            await self.once.begin(conn)
            ids = await submit_batch(conn, jobs, requested_by=self.requested_by, request_id=self.request_id)
            answer = JobsAdded(ids=ids, count=len(ids))
            await self.once.keep(conn, answer)
        return answer

    async def add_pipeline(self, steps: Sequence[Step]) -> PipelineOut:
        """The new pipeline, all of its steps or none. Raises SameStepWork when the work of one is active."""
        async with self.web.transaction() as conn:
            await self.once.begin(conn)
            pipeline_id = await submit_pipeline(
                conn, steps, requested_by=self.requested_by, request_id=self.request_id
            )
            answer = PipelineOut.of_graph(pipeline_id, await graph_steps(conn, pipeline_id))
            await self.once.keep(conn, answer, answer.location)
        return answer


def _submission(
    request: Request,
    web: Web,
    once: OnceOnly,
    requested_by: RequestedBy = None,
) -> Submission:
    return Submission(web, request_id_of(request), requested_by, once)


def accepted(response: Response, job: JobOut) -> JobOut:
    """The headers of 202: where the job is, and when to look again."""
    response.headers["Location"] = job.links.self
    response.headers["Retry-After"] = POLL_SECONDS
    return job


Submitting = Annotated[Submission, Depends(_submission)]


def handler_of(job_type: str, pointer: str) -> type[Handler[Any]]:
    handler = HANDLERS.get(job_type)
    if handler is None:
        raise invalid([Fault(pointer, f"there is no such job type; allowed: {', '.join(sorted(HANDLERS))}")])
    return handler


async def refuse_unknown_type(conn: AsyncConnection, job_type: str, pointer: str) -> None:
    """For filters: of a job type whose handler is gone, jobs may be left."""
    if job_type in HANDLERS:
        return
    if storable_text(job_type) != job_type or not await has_jobs_of(conn, job_type):
        handler_of(job_type, pointer)


def checked_params(handler: type[Handler[Any]], given: Mapping[str, Any], *, parent: str = "") -> JobParams:
    """The handler's parameters, taken as JSON: "30" is no number, and 1 is not true."""
    try:
        return handler.params.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid(body_faults(details, given, model=handler.params, parent=parent)) from None
