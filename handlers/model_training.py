"""Train the models on the matches in the tables; the best serves from then on if the gate lets it."""

from datetime import timedelta

from pydantic import Field

from handlers.steps.features import matches_as_of
from handlers.steps.results import FootballResult, ModelResult, TrainingResult
from handlers.steps.scope import AsOf
from handlers.steps.train import TrainingScope, train_models
from jobs.handler import Handler, Job, Retry
from modeling.artifacts import ArtifactsUnavailable
from sports.base import SportName
from store.database import DatabaseUnavailable


class ModelTrainingParams(TrainingScope):
    sport: SportName = "football"
    days_back: int = Field(36_500, ge=1, le=73_000, description="Train on matches of so many days")
    as_of: AsOf = None


class ModelTrainingHandler(Handler[ModelTrainingParams]):
    job_type = "model_training"
    queue = "cpu"
    own_process = True
    timeout = timedelta(minutes=30)
    memory_mb = 2_000  # 27,000 matches with features and a forest
    retry = Retry(times=1, on=(DatabaseUnavailable, ArtifactsUnavailable))

    def unique_key(self, params: ModelTrainingParams) -> str:
        return f"model_training:{params.sport}"

    async def run(self, params: ModelTrainingParams, job: Job) -> FootballResult:
        job.progress(0, "reading matches", step="features")
        known = await matches_as_of(job, params.as_of, source=None, leagues=None, horizon=timedelta(days=1))
        trained = await train_models(
            job,
            known,
            params,
            days_back=params.days_back,
            report=lambda fraction, message: job.progress(0.2 + 0.8 * fraction, message, step="train"),
        )
        return FootballResult(
            as_of=known.as_of,
            models=[ModelResult.of(model) for model in trained.versions],
            training=TrainingResult.of(trained),
        )
