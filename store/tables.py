"""Our tables and views as typed columns. sql/ defines the schema; a test compares the two."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, DateTime, Double, MetaData, Named, Numeric, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA, ENUM, INTERVAL, JSONB, TEXT

metadata = MetaData()
Time = DateTime(timezone=True)
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


class _Schedules(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    name: Named[str] = Column(TEXT)
    job_type: Named[str] = Column(TEXT)
    params: Named[dict[str, Any]] = Column(JSONB)
    cron: Named[str | None] = Column(TEXT)
    time_zone: Named[str | None] = Column(TEXT)
    every: Named[timedelta | None] = Column(INTERVAL)
    min_wait: Named[timedelta | None] = Column(INTERVAL)
    max_wait: Named[timedelta | None] = Column(INTERVAL)
    misfire: Named[str] = Column(TEXT)
    misfire_after: Named[timedelta] = Column(INTERVAL)
    priority: Named[int]
    paused_at: Named[datetime | None] = Column(Time)
    paused_by: Named[str | None] = Column(TEXT)
    next_at: Named[datetime | None] = Column(Time)
    waits_for_job: Named[int | None] = Column(BIGINT)
    last_at: Named[datetime | None] = Column(Time)
    last_job_id: Named[int | None] = Column(BIGINT)
    last_error: Named[str | None] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)
    updated_at: Named[datetime] = Column(Time)


class _ScheduleTicks(TypedColumns):
    schedule_id: Named[int] = Column(BIGINT, primary_key=True)
    tick_at: Named[datetime] = Column(Time, primary_key=True)
    handled_at: Named[datetime] = Column(Time)
    outcome: Named[str] = Column(TEXT)
    job_id: Named[int | None] = Column(BIGINT)
    error: Named[str | None] = Column(TEXT)


class _Matches(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    league_code: Named[str] = Column(TEXT)
    season: Named[str] = Column(TEXT)
    kickoff_at: Named[datetime] = Column(Time)
    kickoff_date: Named[date]
    kickoff_time_known: Named[bool]
    home_team: Named[str] = Column(TEXT)
    away_team: Named[str] = Column(TEXT)
    home_goals: Named[int | None] = Column(SmallInteger)
    away_goals: Named[int | None] = Column(SmallInteger)
    result_known_at: Named[datetime | None] = Column(Time)
    source: Named[str] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)
    updated_at: Named[datetime] = Column(Time)


class _MatchOdds(TypedColumns):
    match_id: Named[int] = Column(BIGINT)
    source: Named[str] = Column(TEXT)
    bookmaker: Named[str] = Column(TEXT)
    market: Named[str] = Column(TEXT)
    line: Named[Decimal | None] = Column(Numeric(5, 2))
    is_closing: Named[bool]
    known_at: Named[datetime] = Column(Time)
    prices: Named[list[Decimal | None]] = Column(ARRAY(Numeric(8, 3)))


class _QuarantinedRows(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    source: Named[str] = Column(TEXT)
    file: Named[str] = Column(TEXT)
    line: Named[int]
    reason: Named[str] = Column(TEXT)
    raw: Named[dict[str, Any]] = Column(JSONB)
    job_id: Named[int] = Column(BIGINT)
    first_seen_at: Named[datetime] = Column(Time)
    last_seen_at: Named[datetime] = Column(Time)


class _ModelRegistry(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    sport: Named[str] = Column(TEXT)
    name: Named[str] = Column(TEXT)
    version: Named[int]
    status: Named[str] = Column(TEXT)
    features: Named[list[str]] = Column(JSONB)
    parameters: Named[dict[str, Any]] = Column(JSONB)
    metrics: Named[dict[str, float]] = Column(JSONB)
    training_matches: Named[int]
    validation_matches: Named[int]
    data_from: Named[datetime] = Column(Time)
    data_to: Named[datetime] = Column(Time)
    as_of: Named[datetime] = Column(Time)
    artifact_sha256: Named[str] = Column(TEXT)
    artifact_format: Named[str] = Column(TEXT)
    code_revision: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)
    created_at: Named[datetime] = Column(Time)
    reason: Named[str | None] = Column(TEXT)


class _ModelTellings(TypedColumns):
    model_id: Named[int] = Column(BIGINT, primary_key=True)
    match_id: Named[int] = Column(BIGINT, primary_key=True)
    home: Named[float] = Column(Double)
    draw: Named[float] = Column(Double)
    away: Named[float] = Column(Double)


class _TrainingResults(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    job_id: Named[int] = Column(BIGINT)
    sport: Named[str] = Column(TEXT)
    as_of: Named[datetime] = Column(Time)
    training_matches: Named[int]
    validation_matches: Named[int]
    seconds: Named[float] = Column(Double)
    best_model_id: Named[int | None] = Column(BIGINT)
    in_service_id: Named[int | None] = Column(BIGINT)
    outcome: Named[str] = Column(TEXT)
    is_dry_run: Named[bool]
    checks: Named[list[Any]] = Column(JSONB)
    reason: Named[str] = Column(TEXT)
    created_at: Named[datetime] = Column(Time)


class _AuditLog(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(TEXT)
    action: Named[str] = Column(TEXT)
    subject: Named[str] = Column(TEXT)
    details: Named[dict[str, Any]] = Column(JSONB)


class _FeatureImportance(TypedColumns):
    model_id: Named[int] = Column(BIGINT, primary_key=True)
    feature: Named[str] = Column(TEXT, primary_key=True)
    importance: Named[float] = Column(Double)


class _MatchPredictions(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    match_id: Named[int] = Column(BIGINT)
    model_id: Named[int] = Column(BIGINT)
    as_of: Named[datetime] = Column(Time)
    home: Named[float] = Column(Double)
    draw: Named[float] = Column(Double)
    away: Named[float] = Column(Double)
    pick: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)
    predicted_at: Named[datetime] = Column(Time)


class _UpcomingMatches(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    league_code: Named[str] = Column(TEXT)
    season: Named[str] = Column(TEXT)
    kickoff_at: Named[datetime] = Column(Time)
    kickoff_time_known: Named[bool]
    home_team: Named[str] = Column(TEXT)
    away_team: Named[str] = Column(TEXT)


job_queue = Table("job_queue", metadata, _JobQueue, info={"is_view": True})
job_runs = Table("job_runs", metadata, _JobRuns)
queues = Table("queues", metadata, _Queues)
limits = Table("limits", metadata, _Limits)
limit_starts = Table("limit_starts", metadata, _LimitStarts)
graph_edges = Table("graph_edges", metadata, _GraphEdges)
idempotency_keys = Table("idempotency_keys", metadata, _IdempotencyKeys)
pipeline_jobs = Table("pipeline_jobs", metadata, _PipelineJobs)
schedules = Table("schedules", metadata, _Schedules)
schedule_ticks = Table("schedule_ticks", metadata, _ScheduleTicks)
matches = Table("matches", metadata, _Matches)
upcoming_matches = Table("upcoming_matches", metadata, _UpcomingMatches, info={"is_view": True})
match_odds = Table("match_odds", metadata, _MatchOdds)
quarantined_rows = Table("quarantined_rows", metadata, _QuarantinedRows)
model_registry = Table("model_registry", metadata, _ModelRegistry)
model_tellings = Table("model_tellings", metadata, _ModelTellings)
training_results = Table("training_results", metadata, _TrainingResults)
audit_log = Table("audit_log", metadata, _AuditLog)
feature_importance = Table("feature_importance", metadata, _FeatureImportance)
match_predictions = Table("match_predictions", metadata, _MatchPredictions)
