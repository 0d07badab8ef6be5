"""Between two pipelines: ingest what is new and predict the fixtures with the model in service."""

from datetime import timedelta

from handlers.steps.pipeline import Pipeline
from handlers.steps.predict import predict_fixtures
from handlers.steps.refresh import refresh
from handlers.steps.results import FootballResult, returned_predictions
from handlers.steps.scope import RefreshScope
from jobs.handler import Handler, Job, Retry
from modeling.artifacts import ArtifactsUnavailable
from store.database import DatabaseUnavailable

STEPS = {"ingest": 0.6, "features": 0.3, "predict": 0.1}


class QuickDataRefreshParams(RefreshScope):
    pass


class QuickDataRefreshHandler(Handler[QuickDataRefreshParams]):
    job_type = "quick_data_refresh"
    queue = "cpu"
    own_process = True
    timeout = timedelta(minutes=10)
    retry = Retry(times=2, on=(DatabaseUnavailable, ArtifactsUnavailable))

    async def run(self, params: QuickDataRefreshParams, job: Job) -> FootballResult:
        pipeline = await Pipeline.plan(job, STEPS)
        counts, known = await refresh(job, pipeline, params)
        async with pipeline.step("predict") as step:
            predicted = await predict_fixtures(job, known, params)
            step.counts = predicted.counts
        return FootballResult(
            as_of=known.as_of,
            ingest=counts,
            predictions=await returned_predictions(job, params.return_predictions),
            **predicted.summary(known),
        )
