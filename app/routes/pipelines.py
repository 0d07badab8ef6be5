"""Pipelines: jobs as the steps of a graph; and the steps within a job such as `data_pipeline`."""

from contextlib import suppress
from functools import reduce
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bodies import StrictRoute, parsed
from app.new_jobs import MAX_FAULTS, NewJob, checked, checked_job, each_checked
from app.problems import invalid
from app.routes.jobs import JobId
from app.schemas import PipelineOut
from app.state import Web, WebState
from app.strict_json import Fault, pointer_to
from app.submission import POLL_SECONDS, Submitting
from jobs.batches import BatchJob
from jobs.pipelines import Step, cancel_pipeline, graph_faults, retry_pipeline
from jobs.service import HeldByOthers, JobNotFound, cancel, cancel_held, retry
from store.jobs import get_job
from store.pipelines import graph_of, graph_steps, pipeline_steps

MAX_STEPS = 500
STEP_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
EXAMPLE = {
    "steps": [
        {"name": "refresh", "type": "quick_data_refresh"},
        {"name": "train", "type": "model_training", "params": {"days_back": 3650}, "after": ["refresh"]},
        {"name": "predict", "type": "prediction_generation", "after": ["train"], "priority": 5},
    ]
}
StepName = Annotated[str, Field(pattern=STEP_NAME)]

router = APIRouter(route_class=StrictRoute, tags=["pipelines"])


class NewStep(NewJob):
    """A job of a pipeline; it begins when all the steps that it comes after have completed."""

    name: StepName
    after: list[StepName] = Field([], max_length=MAX_STEPS, description="Names of other steps")


class _Vertex(BaseModel):
    """A step as the graph knows it, whatever else is wrong with it."""

    model_config = ConfigDict(strict=True)

    name: StepName
    after: list[StepName] = []


_GRAPH = TypeAdapter(list[_Vertex])


class _NewPipeline(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    steps: list[Any] = Field(min_length=1, max_length=MAX_STEPS)


def _schema() -> dict[str, Any]:
    """The request body in the API's schema. It is checked here, not by the framework, to tell every fault."""
    steps = {"type": "array", "minItems": 1, "maxItems": MAX_STEPS, "items": NewStep.model_json_schema()}
    schema = {
        "type": "object",
        "properties": {"steps": steps},
        "required": ["steps"],
        "additionalProperties": False,
    }
    content = {"application/json": {"schema": schema, "example": EXAMPLE}}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/pipelines", status_code=202, openapi_extra=_schema())
async def add_pipeline(request: Request, submitting: Submitting, response: Response) -> PipelineOut:
    """Adds the steps of a pipeline, all or none. A step is given the results of those that it comes after."""
    body = await request.body()
    answer = await submitting.add_pipeline(_checked_steps(parsed(body) if body else None))
    return _accepted(response, answer)


@router.get("/pipelines/{job_id}")
async def show_pipeline(
    job_id: JobId,
    web: Web,
    results: Annotated[bool, Query(description="With what each step has returned")] = False,
) -> PipelineOut:
    """A graph of jobs, by its id or that of any of its steps; or a job with steps of its own.

    Such a job has none before its first run.
    """
    async with web.read() as conn:
        return await _shown(conn, job_id, results=results)


@router.post("/pipelines/{job_id}/cancel", status_code=202)
async def cancel_whole(job_id: JobId, web: Web, response: Response) -> PipelineOut:
    """Cancels the pending steps at once, and asks the workers of running ones to stop them.

    A running step whose transaction takes longer than a second is left: ask again.
    """
    async with web.transaction() as conn:
        graph_id = await graph_of(conn, job_id)
        if graph_id is None:
            await cancel(conn, job_id)
        else:
            await cancel_pipeline(conn, graph_id)
    if graph_id is not None:
        await _ask_held(web, graph_id)
    async with web.read() as conn:
        return _accepted(response, await _shown(conn, job_id))


@router.post("/pipelines/{job_id}/retry", status_code=202)
async def resume_pipeline(job_id: JobId, web: Web, response: Response) -> PipelineOut:
    """Puts every failed or cancelled step back; what has completed is not done again."""
    async with web.transaction() as conn:
        graph_id = await graph_of(conn, job_id)
        if graph_id is None:
            await retry(conn, job_id)
        else:
            await retry_pipeline(conn, graph_id)
        return _accepted(response, await _shown(conn, job_id))


def _checked_steps(given: Any) -> list[Step]:
    """The steps of a body. Raises a problem that points at the first faults of all of them."""
    steps = checked(_NewPipeline, given).steps
    good, faults = each_checked(steps, "/steps", _checked_step)
    faults += _graph_faults(steps)
    if faults:
        raise invalid(faults[:MAX_FAULTS])
    return [
        Step(step["name"], job, tuple(step.get("after", ()))) for step, job in zip(steps, good, strict=True)
    ]


def _checked_step(given: Any, pointer: str) -> BatchJob:
    return checked_job(NewStep, given, pointer)


def _graph_faults(steps: list[Any]) -> list[Fault]:
    """None while a step has no name or no list of names: that is told already."""
    try:
        graph = _GRAPH.validate_python(steps)
    except ValidationError:
        return []
    faults = graph_faults([(step.name, step.after) for step in graph])
    return [Fault(_pointer("/steps", fault.index, *fault.place), fault.message) for fault in faults]


def _pointer(root: str, *places: str | int) -> str:
    return reduce(pointer_to, places, root)


async def _ask_held(web: WebState, graph_id: int) -> None:
    """The running steps that were held, one by one: whoever waits must hold nothing that others wait for."""
    async with web.read() as conn:
        steps = await graph_steps(conn, graph_id)
    for step in steps:
        if step.status == "running" and not step.cancel_requested:
            with suppress(HeldByOthers):
                async with web.transaction() as conn:
                    await cancel_held(conn, step.job_id)


async def _shown(conn: AsyncConnection, job_id: int, *, results: bool = False) -> PipelineOut:
    graph_id = await graph_of(conn, job_id)
    steps = await graph_steps(conn, graph_id, results=results) if graph_id is not None else []
    if graph_id is not None and steps:  # otherwise a clean-up has just deleted it
        return PipelineOut.of_graph(graph_id, steps)
    job = await get_job(conn, job_id)
    if job is None:
        raise JobNotFound(job_id)
    return PipelineOut.of_job(job, await pipeline_steps(conn, job_id))


def _accepted(response: Response, pipeline: PipelineOut) -> PipelineOut:
    response.headers["Location"] = pipeline.location
    response.headers["Retry-After"] = POLL_SECONDS
    return pipeline
