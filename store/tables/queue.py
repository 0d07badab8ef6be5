"""The queue's tables: jobs and their attempts, limits, pipelines, idempotency keys."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Double, Named, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, BYTEA, ENUM, INTERVAL, JSONB, TEXT

from store.tables.base import Time, metadata

PROCRASTINATE_STATUS = ENUM(
    "todo",
    "doing",
    "succeeded",
    "failed",
    "cancelled",
    "aborting",
    "aborted",
    name="procrastinate_job_status",
    create_type=False,
)


class _JobQueue(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    job_type: Named[str] = Column(TEXT)
    status: Named[str] = Column(TEXT)
    procrastinate_status: Named[str] = Column(PROCRASTINATE_STATUS)
    queue: Named[str] = Column(TEXT)
    priority: Named[int]
    params: Named[dict[str, Any]] = Column(JSONB)
    requested_by: Named[str | None] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)
    run_after: Named[datetime | None] = Column(Time)
    cancel_requested: Named[bool]
    attempt: Named[int]
    worker: Named[str | None] = Column(TEXT)
    started_at: Named[datetime | None] = Column(Time)
    finished_at: Named[datetime | None] = Column(Time)
    progress: Named[float] = Column(Double)
    step: Named[str] = Column(TEXT)
    message: Named[str] = Column(TEXT)
    result: Named[Any] = Column(JSONB)
    error_kind: Named[str | None] = Column(TEXT)
    error: Named[str | None] = Column(TEXT)


class _JobRuns(TypedColumns):
    job_id: Named[int] = Column(BIGINT, primary_key=True)
    attempt: Named[int] = Column(primary_key=True)
    worker: Named[str] = Column(TEXT)
    started_at: Named[datetime] = Column(Time)
    finished_at: Named[datetime | None] = Column(Time)
    outcome: Named[str | None] = Column(TEXT)
    progress: Named[float] = Column(Double)
    step: Named[str] = Column(TEXT)
    message: Named[str] = Column(TEXT)
    result: Named[Any] = Column(JSONB, nullable=True)
    error_kind: Named[str | None] = Column(TEXT)
    error: Named[str | None] = Column(TEXT)
    trace: Named[str | None] = Column(TEXT)


class _Queues(TypedColumns):
    name: Named[str] = Column(TEXT, primary_key=True)
    paused_at: Named[datetime | None] = Column(Time)
    paused_by: Named[str | None] = Column(TEXT)


class _Limits(TypedColumns):
    key: Named[str] = Column(TEXT, primary_key=True)
    at_once: Named[int | None]
    starts: Named[int | None]
    per: Named[timedelta | None] = Column(INTERVAL)
    blocked_until: Named[datetime | None] = Column(Time)


class _LimitStarts(TypedColumns):
    key: Named[str] = Column(TEXT)
    started_at: Named[datetime] = Column(Time)


class _GraphEdges(TypedColumns):
    job_id: Named[int] = Column(BIGINT, primary_key=True)
    parent_id: Named[int] = Column(BIGINT, primary_key=True)


class _IdempotencyKeys(TypedColumns):
    key: Named[str] = Column(TEXT, primary_key=True)
    fingerprint: Named[bytes] = Column(BYTEA)
    status: Named[int | None] = Column(SmallInteger)
    body: Named[str | None] = Column(TEXT)
    location: Named[str | None] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)


class _PipelineJobs(TypedColumns):
    pipeline_id: Named[int] = Column(BIGINT, primary_key=True)
    step: Named[str] = Column(TEXT, primary_key=True)
    position: Named[int] = Column(SmallInteger)
    status: Named[str] = Column(TEXT)
    attempt: Named[int]
    started_at: Named[datetime | None] = Column(Time)
    finished_at: Named[datetime | None] = Column(Time)
    counts: Named[dict[str, Any]] = Column(JSONB)
    error: Named[str | None] = Column(TEXT)


job_queue = Table("job_queue", metadata, _JobQueue, info={"is_view": True})
job_runs = Table("job_runs", metadata, _JobRuns)
queues = Table("queues", metadata, _Queues)
limits = Table("limits", metadata, _Limits)
limit_starts = Table("limit_starts", metadata, _LimitStarts)
graph_edges = Table("graph_edges", metadata, _GraphEdges)
idempotency_keys = Table("idempotency_keys", metadata, _IdempotencyKeys)
pipeline_jobs = Table("pipeline_jobs", metadata, _PipelineJobs)
