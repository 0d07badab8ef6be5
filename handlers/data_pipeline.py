"""The main job: ingest matches, compute features, train the models, predict the fixtures of the window."""

from datetime import timedelta

from pydantic import Field

from handlers.steps.pipeline import Pipeline
from handlers.steps.predict import predict_fixtures
from handlers.steps.refresh import refresh
from handlers.steps.results import FootballResult, ModelResult, TrainingResult, returned_predictions
from handlers.steps.scope import RefreshScope
from handlers.steps.train import TrainingScope, train_models
from jobs.handler import Handler, Job, Retry
from modeling.artifacts import ArtifactsUnavailable
from store.database import DatabaseUnavailable

# Their shares of the time, as measured on 14,000 and on 27,000 matches.
STEPS = {"ingest": 0.06, "features": 0.02, "train": 0.9, "predict": 0.02}


class DataPipelineParams(RefreshScope, TrainingScope):
    history_days: int = Field(36_500, ge=1, le=73_000, description="Train on matches of so many days")
    train_model: bool = Field(True, description="False: predict with the model in service")


class DataPipelineHandler(Handler[DataPipelineParams]):
    job_type = "data_pipeline"
    queue = "cpu"
    own_process = True
    timeout = timedelta(minutes=30)
    memory_mb = 2_000  # 27,000 matches with features and a forest
    retry = Retry(times=1, on=(DatabaseUnavailable, ArtifactsUnavailable))

    async def run(self, params: DataPipelineParams, job: Job) -> FootballResult:
        pipeline = await Pipeline.plan(job, STEPS)
        counts, known = await refresh(job, pipeline, params)
        trained = None
        if params.train_model:
            async with pipeline.step("train") as step:
                trained = await train_models(
                    job, known, params, days_back=params.history_days, report=step.report
                )
                step.counts = {"models": len(trained.versions), "outcome": trained.outcome}
        else:
            await pipeline.skip("train")
        async with pipeline.step("predict") as step:
            predicted = await predict_fixtures(job, known, params, trained.best if trained else None)
            step.counts = predicted.counts
        return FootballResult(
            as_of=known.as_of,
            ingest=counts,
            models=[ModelResult.of(model) for model in trained.versions] if trained else [],
            training=TrainingResult.of(trained) if trained else None,
            predictions=await returned_predictions(job, params.return_predictions),
            **predicted.summary(known),
        )
