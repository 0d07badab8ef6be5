"""The answers of the API as they stand in its schema. Times are UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.moments import UtcTime
from store.jobs import JobRow
from store.pipelines import GraphStep, StepRow, pipeline_status

Status = Literal["pending", "running", "completed", "failed", "cancelled"]

HealthStatus = Literal["pass", "warn", "fail"]


class Out(BaseModel):
    """An answer; `of` makes it from a row of the store."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ErrorOut(Out):
    kind: str
    message: str


class JobLinks(Out):
    self: str
    events: str


class JobOut(Out):
    """A job with its current attempt's progress, and its result or error."""

    id: int
    type: str
    status: Status
    queue: str
    priority: int
    params: dict[str, Any]
    requested_by: str | None
    created_at: UtcTime
    run_after: UtcTime | None
    started_at: UtcTime | None
    finished_at: UtcTime | None
    seconds: float | None
    attempt: int
    progress: float
    step: str
    message: str
    worker: str | None
    cancel_requested: bool
    result: Any
    error: ErrorOut | None
    links: JobLinks

    @classmethod
    def of(cls, job: JobRow) -> Self:
        return cls.model_validate(
            {
                **vars(job),
                "type": job.job_type,
                "seconds": _seconds(job),
                "error": job.error_kind and {"kind": job.error_kind, "message": job.error},
                "links": {"self": f"/api/jobs/{job.id}", "events": f"/api/jobs/{job.id}/events"},
            }
        )


class JobPage(Out):
    items: list[JobOut]
    next_cursor: str | None


class JobsAdded(Out):
    """The ids in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [17, 18, 19], "count": 3}]})

    ids: list[int]
    count: int


class JobsCancelled(Out):
    """`matched` = `cancelled` + `asked` + `skipped`.

    Pending jobs are cancelled, the workers of running ones asked to stop them; the skipped ones ended
    meanwhile, were cancelled by another request, or were held by their handler's transaction. `complete` is
    false when time ran out: ask again for the rest.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"matched": 120, "cancelled": 115, "asked": 4, "skipped": 1, "complete": True}]
        }
    )

    matched: int
    cancelled: int
    asked: int
    skipped: int
    complete: bool


class Deleted(Out):
    """`complete` is false when time ran out: ask again."""

    deleted: int
    complete: bool


class JobTypeOut(Out):
    type: str
    description: str
    queue: str
    own_process: bool
    timeout_seconds: float
    max_attempts: int = Field(
        description="Of failures that can heal; snoozes and stopped workers count for none"
    )
    memory_mb: int | None
    params_schema: dict[str, Any]


class JobTypes(Out):
    items: list[JobTypeOut]


class JobTypeStatsOut(Out):
    type: str
    counts: dict[str, int]
    seconds_p50: float | None
    seconds_p95: float | None


class QueueOut(Out):
    queue: str
    pending: int
    running: int
    oldest_pending_seconds: float | None


class JobStats(Out):
    """Counts of all jobs, durations of the last day, and the queues that have active jobs."""

    by_status: dict[str, int]
    by_type: list[JobTypeStatsOut]
    queues: list[QueueOut]


class StepOut(Out):
    """A step within a job, with its `counts`; or a step that is a job itself: `job_id` and what follows."""

    name: str
    position: int
    status: str
    attempt: int
    started_at: UtcTime | None
    finished_at: UtcTime | None
    seconds: float | None
    counts: dict[str, Any] = {}
    error: str | None
    job_id: int | None = None
    type: str | None = None
    after: list[str] = []
    cancel_requested: bool = False
    progress: float | None = None
    message: str = ""
    result: Any = None
    error_kind: str | None = None


class PipelineOut(Out):
    """A job with steps (`type` is its type), or a graph of jobs (`type` is `pipeline`).

    A graph runs while any of its steps can still move; then it is failed if one failed, else cancelled if one
    was cancelled, else completed.
    """

    id: int
    type: str
    status: Status
    steps: list[StepOut]

    @classmethod
    def of_job(cls, job: JobRow, steps: Sequence[StepRow]) -> Self:
        shown = [{**vars(step), "name": step.step, "seconds": step.seconds} for step in steps]
        return cls.model_validate({"id": job.id, "type": job.job_type, "status": job.status, "steps": shown})

    @classmethod
    def of_graph(cls, pipeline_id: int, steps: Sequence[GraphStep]) -> Self:
        status = pipeline_status([step.status for step in steps])
        shown = [
            {
                **vars(step),
                "position": position,
                "type": step.job_type,
                "seconds": _seconds(step),
            }
            for position, step in enumerate(steps, start=1)
        ]
        return cls.model_validate({"id": pipeline_id, "type": "pipeline", "status": status, "steps": shown})

    @property
    def location(self) -> str:
        return f"/api/pipelines/{self.id}"


class ModelOut(Out):
    """One version of a model, and how it did on matches it had not seen."""

    id: int
    sport: str
    name: str
    version: int
    status: Literal["candidate", "refused", "active", "retired"]
    reason: str | None
    metrics: dict[str, float]
    features: list[str]
    parameters: dict[str, Any]
    training_matches: int
    validation_matches: int
    data_from: UtcTime
    data_to: UtcTime
    as_of: UtcTime
    artifact_sha256: str
    artifact_format: str
    code_revision: str
    job_id: int
    created_at: UtcTime


class Models(Out):
    items: list[ModelOut]


class ThresholdOut(Out):
    warn: float | None
    fail: float | None


class ReadingOut(Out):
    status: HealthStatus
    value: int | float | str | None
    unit: str
    threshold: ThresholdOut
    output: str


class HealthOut(Out):
    """The worst status of all checks, and what each of them read."""

    status: HealthStatus
    checked_at: UtcTime
    checks: dict[str, ReadingOut]


def _seconds(of: JobRow | GraphStep) -> float | None:
    """How long the run took, or has taken so far; of one that waits for another, nothing."""
    if of.started_at is None or of.status == "pending":
        return None
    return round(((of.finished_at or datetime.now(UTC)) - of.started_at).total_seconds(), 3)
