"""Model versions, how they were judged, what they said; and who changed what."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Computed, Double, Named, SmallInteger, Table, TypedColumns
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TEXT

from store.tables.base import Time, metadata


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
    home_goals: Named[float | None] = Column(Double)
    away_goals: Named[float | None] = Column(Double)
    over_2_5: Named[float | None] = Column(Double)
    both_to_score: Named[float | None] = Column(Double)
    likely_scores: Named[dict[str, float] | None] = Column(JSONB(none_as_null=True))


class _PredictionRuns(TypedColumns):
    job_id: Named[int] = Column(BIGINT, primary_key=True)
    as_of: Named[datetime] = Column(Time)
    horizon_at: Named[datetime] = Column(Time)
    model_id: Named[int | None] = Column(BIGINT)
    seconds: Named[float] = Column(Double)
    leagues: Named[int]
    fixtures: Named[int]
    predictions: Named[int]
    picks: Named[int]
    bets: Named[int]
    judged: Named[int]
    accuracy: Named[float | None] = Column(Double)
    log_loss: Named[float | None] = Column(Double)
    roi: Named[float | None] = Column(Double)
    created_at: Named[datetime] = Column(Time)


class _ModelPerformance(TypedColumns):
    sport: Named[str] = Column(TEXT, primary_key=True)
    window_days: Named[int] = Column(SmallInteger, primary_key=True)
    as_of: Named[datetime] = Column(Time)
    day: Named[date] = Column(
        Computed("((as_of at time zone 'UTC')::date)", persisted=True), primary_key=True
    )
    matches: Named[int]
    served: Named[dict[str, int]] = Column(JSONB)
    log_loss: Named[float | None] = Column(Double)
    log_loss_error: Named[float | None] = Column(Double)
    brier: Named[float | None] = Column(Double)
    rps: Named[float | None] = Column(Double)
    accuracy: Named[float | None] = Column(Double)
    ece: Named[float | None] = Column(Double)
    ece_limit: Named[float | None] = Column(Double)
    promised_log_loss: Named[float | None] = Column(Double)
    promise_error: Named[float | None] = Column(Double)
    market_matches: Named[int]
    market_log_loss: Named[float | None] = Column(Double)
    log_loss_beside_market: Named[float | None] = Column(Double)
    bets: Named[int]
    roi: Named[float | None] = Column(Double)
    closing_line_value: Named[float | None] = Column(Double)
    closing_line_error: Named[float | None] = Column(Double)
    drifted: Named[bool]
    says: Named[str] = Column(TEXT)
    job_id: Named[int] = Column(BIGINT)
    created_at: Named[datetime] = Column(Time)


class _AuditLog(TypedColumns):
    id: Named[int] = Column(BIGINT, primary_key=True)
    at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(TEXT)
    action: Named[str] = Column(TEXT)
    subject: Named[str] = Column(TEXT)
    details: Named[dict[str, Any]] = Column(JSONB)


model_registry = Table("model_registry", metadata, _ModelRegistry)
model_tellings = Table("model_tellings", metadata, _ModelTellings)
training_results = Table("training_results", metadata, _TrainingResults)
feature_importance = Table("feature_importance", metadata, _FeatureImportance)
match_predictions = Table("match_predictions", metadata, _MatchPredictions)
audit_log = Table("audit_log", metadata, _AuditLog)
prediction_runs = Table("prediction_runs", metadata, _PredictionRuns)
model_performance = Table("model_performance", metadata, _ModelPerformance)
