"""What football jobs answer: the `result` of a job, computed from the tables."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from jobs.handler import Job
from store.models import ModelRow
from store.predictions import PredictionRow, job_predictions

if TYPE_CHECKING:
    from modeling.registry import Published


class ModelResult(BaseModel):
    """One trained version with its figures on the validation matches."""

    name: str
    version: int
    status: str
    validation_matches: int
    metrics: dict[str, float]

    @classmethod
    def of(cls, model: ModelRow) -> "ModelResult":
        return cls.model_validate(model, from_attributes=True)


class TrainingResult(BaseModel):
    """What came of a training: whether its best model serves, and why; `checks` are the gate's answers."""

    outcome: str
    best: str | None
    reason: str
    checks: list[dict[str, Any]]

    @classmethod
    def of(cls, published: "Published") -> "TrainingResult":
        best = published.best
        return cls(
            outcome=published.outcome,
            best=best and f"{best.name} {best.version}",
            reason=published.reason,
            checks=[asdict(check) for check in published.verdict.checks],
        )


class PredictionResult(BaseModel):
    """One predicted fixture."""

    match_id: int
    league_code: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    home: float
    draw: float
    away: float
    pick: str
    home_goals: float | None
    away_goals: float | None
    over_2_5: float | None
    both_to_score: float | None

    @classmethod
    def of(cls, row: PredictionRow) -> "PredictionResult":
        return cls.model_validate(row, from_attributes=True)


class FootballResult(BaseModel):
    """The outcome of a football job; parts it did not do are left empty."""

    as_of: datetime
    ingest: dict[str, Any] | None = None
    models: list[ModelResult] = []
    training: TrainingResult | None = None
    fixtures: int | None = None
    predictions_saved: int | None = None
    picks: int | None = None
    bets: int | None = None
    predicted_by: str | None = None
    predictions: list[PredictionResult] | None = None
    note: str | None = None


async def returned_predictions(job: Job, wanted: bool) -> list[PredictionResult] | None:
    """The stored predictions of this job if the caller asked for them."""
    if not wanted:
        return None
    async with job.database.read() as conn:
        return [PredictionResult.of(row) for row in await job_predictions(conn, job.id)]
