"""Pipelines: jobs as the steps of a graph. A step begins when all that it comes after has completed.

It is given their results as `job.inputs`. When a step fails or is cancelled, what comes after it is cancelled
too; retried, it goes on from there, and what has completed is not done again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.batches import BatchJob, Place, SameWork, add_jobs, new_job_ids
from jobs.service import CancelledJobs, JobNotFound, WrongStatus, cancel_some, put_back
from store.jobs import notify_changed
from store.pipelines import pipeline_status, step_statuses
from store.queries import query


@dataclass(frozen=True)
class Step:
    """A job of a pipeline; `after` are the names of the steps that must complete before it."""

    name: str
    job: BatchJob
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepFault:
    """What is wrong with the step at `index`; `place` leads to the value: ("name",) or ("after", 2)."""

    index: int
    place: tuple[str | int, ...]
    message: str


class WrongGraph(Exception):
    """The steps are no graph: names stand twice or nowhere, or steps wait for each other."""

    def __init__(self, faults: Sequence[StepFault]) -> None:
        super().__init__("; ".join(f"step {fault.index}: {fault.message}" for fault in faults))
        self.faults = faults


class SameStepWork(SameWork):
    """A step has the unique key of an active job, or of another step."""

    unit, whole = "step", "pipeline"


async def submit_pipeline(
    conn: AsyncConnection,
    steps: Sequence[Step],
    *,
    requested_by: str | None = None,
    request_id: str | None = None,
) -> int:
    """Adds the steps, all or none. Gives the pipeline's id, which is that of its first step.

    Raises WrongGraph, or SameStepWork when a unique key is taken, and leaves the caller's transaction usable.
    """
    if faults := graph_faults([(step.name, step.after) for step in steps]):
        raise WrongGraph(faults)
    ids = await new_job_ids(conn, len(steps))
    places = [Place(ids[0], step.name, bool(step.after)) for step in steps]
    meta = {"requested_by": requested_by, "request_id": request_id}
    try:
        await add_jobs(conn, ids, [step.job for step in steps], meta, places)
    except SameWork as same:
        raise SameStepWork(same.index, same.job_id, same.twin) from None
    await _add_edges(conn, ids, steps)
    return ids[0]


def graph_faults(graph: Sequence[tuple[str, Sequence[str]]]) -> list[StepFault]:
    """What is wrong with the names of steps, and with those that each comes after."""
    if not graph:
        return [StepFault(0, (), "a pipeline has at least one step")]
    times = Counter(name for name, _ in graph)
    faults = [
        StepFault(index, ("name",), f"there is another step named {name}")
        for index, (name, _) in enumerate(graph)
        if times[name] > 1
    ]
    for index, (_, after) in enumerate(graph):
        for nth, name in enumerate(after):
            if name not in times:
                faults.append(StepFault(index, ("after", nth), f"there is no step named {name}"))
            elif name in after[:nth]:
                faults.append(StepFault(index, ("after", nth), f"{name} stands there already"))
    return faults or _cycle(graph)


def _cycle(graph: Sequence[tuple[str, Sequence[str]]]) -> list[StepFault]:
    try:
        TopologicalSorter(dict(graph)).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        index = [name for name, _ in graph].index(cycle[-1])
        return [StepFault(index, ("after",), f"these steps wait for each other: {', '.join(cycle)}")]
    return []


async def _add_edges(conn: AsyncConnection, ids: Sequence[int], steps: Sequence[Step]) -> None:
    id_of = {step.name: job_id for step, job_id in zip(steps, ids, strict=True)}
    edges = [(id_of[step.name], id_of[name]) for step in steps for name in step.after]
    if edges:
        jobs, parents = zip(*edges, strict=True)
        await conn.execute(query("add_graph_edges"), {"jobs": list(jobs), "parents": list(parents)})


async def cancel_pipeline(conn: AsyncConnection, pipeline_id: int) -> CancelledJobs:
    """Cancels the pending steps, and asks the workers of running ones to stop them.

    A running step that its handler's transaction holds is left out: see `jobs.service.cancel_held`. Raises
    WrongStatus when no step can be cancelled.
    """
    statuses = await step_statuses(conn, pipeline_id)
    active = [job_id for job_id, status in statuses.items() if status in ("pending", "running")]
    if not active:
        raise _refusal(pipeline_id, statuses, "only one with pending or running steps can be cancelled")
    return await cancel_some(conn, active)


async def retry_pipeline(conn: AsyncConnection, pipeline_id: int) -> list[int]:
    """Puts every failed or cancelled step back; gives their ids. What has completed stays as it is.

    Raises WrongStatus when there is none, AlreadyActive when the work of one is queued or running elsewhere.
    """
    statuses = await step_statuses(conn, pipeline_id)
    ended = [job_id for job_id, status in statuses.items() if status in ("failed", "cancelled")]
    back = await put_back(conn, ended) if ended else []
    if not back:
        raise _refusal(pipeline_id, statuses, "only one with failed or cancelled steps can be tried again")
    await notify_changed(conn, *back)
    return back


def _refusal(pipeline_id: int, statuses: dict[int, str], asked: str) -> Exception:
    if not statuses:
        return JobNotFound(pipeline_id)
    return WrongStatus(pipeline_id, pipeline_status(statuses.values()), asked, unit="pipeline")
