"""What the API answers, as far as the command shows it; fields that a newer API adds are kept."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

FINISHED = frozenset({"completed", "failed", "cancelled"})


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class JobError(Answer):
    kind: str
    message: str


class Job(Answer):
    id: int
    type: str
    status: str
    queue: str
    priority: int
    params: dict[str, Any]
    requested_by: str | None
    created_at: datetime
    run_after: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    attempt: int
    progress: float
    step: str
    message: str
    worker: str | None
    cancel_requested: bool
    result: Any
    error: JobError | None

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def ending(self) -> str:
        """How a job that did not complete ended, in one line."""
        where = f" in step {self.step}" if self.step else ""
        if self.error is None:
            return f"{self.status}{where}"
        kind = "" if self.error.kind == "error" else f" ({self.error.kind})"
        return f"{self.status}{where}{kind}: {self.error.message}"


class JobPage(Answer):
    items: list[Job]
    next_cursor: str | None


class Attempt(Answer):
    attempt: int
    worker: str
    started_at: datetime
    seconds: float | None
    outcome: str | None
    progress: float
    step: str
    error: JobError | None
    trace: str | None


class Attempts(Answer):
    items: list[Attempt]


class JobType(Answer):
    type: str
    description: str
    queue: str
    own_process: bool
    timeout_seconds: float
    max_attempts: int
    params_schema: dict[str, Any]


class JobTypes(Answer):
    items: list[JobType]


class JobsCancelled(Answer):
    matched: int
    cancelled: int
    asked: int
    skipped: int
    complete: bool


class PipelineStep(Answer):
    name: str
    status: str
    attempt: int
    seconds: float | None
    counts: dict[str, Any]
    error: str | None
    job_id: int | None
    type: str | None
    after: list[str]
    progress: float | None
    message: str
    result: Any


class Pipeline(Answer):
    id: int
    type: str
    status: str
    steps: list[PipelineStep]


class Queue(Answer):
    name: str
    status: str
    pending: int
    scheduled: int
    running: int
    oldest_pending_seconds: float | None
    paused_at: datetime | None
    paused_by: str | None


class Queues(Answer):
    items: list[Queue]


class RunningJob(Answer):
    id: int
    type: str


class Worker(Answer):
    id: int
    name: str
    status: str
    version: str | None
    queues: dict[str, int | None] | None
    concurrency: int | None
    running: int
    jobs: list[RunningJob]
    started_at: datetime
    heartbeat_age_seconds: float
    memory_bytes: int | None
    polls: bool


class Workers(Answer):
    items: list[Worker]


class AdaptiveBounds(Answer):
    min_seconds: float
    max_seconds: float


class Schedule(Answer):
    name: str
    type: str
    params: dict[str, Any]
    cron: str | None
    time_zone: str | None
    every_seconds: float | None
    adaptive: AdaptiveBounds | None
    misfire: str
    misfire_after_seconds: float
    priority: int
    status: str
    paused_by: str | None
    next_at: datetime | None
    waits_for_job: int | None
    last_at: datetime | None
    last_job_id: int | None
    last_error: str | None


class SchedulePage(Answer):
    items: list[Schedule]
    next_cursor: str | None


class DefaultSchedules(Answer):
    added: list[Schedule]
    kept: list[str]


class Upcoming(Answer):
    items: list[datetime]


class ScheduleTick(Answer):
    tick_at: datetime
    outcome: str
    job_id: int | None
    error: str | None


class ScheduleTicks(Answer):
    items: list[ScheduleTick]


class Cleaned(Answer):
    deleted: int
    complete: bool


class Fault(Answer):
    pointer: str
    message: str


class Problem(Answer):
    """RFC 9457, as the API answers every error."""

    title: str
    status: int
    detail: str = ""
    request_id: str = ""
    errors: list[Fault] = []

    def line(self) -> str:
        origin = f" (request id {self.request_id})" if self.request_id else ""
        if self.errors:
            faults = "; ".join(f"{fault.pointer}: {fault.message}" for fault in self.errors)
            return f"{self.title}: {faults}{origin}"
        return f"{self.detail or self.title}{origin}"
