"""Predict the fixtures of the window with the model in service, from the matches in the tables."""

from datetime import timedelta

from handlers.steps.features import matches_as_of
from handlers.steps.predict import predict_fixtures
from handlers.steps.results import FootballResult, returned_predictions
from handlers.steps.scope import PredictionScope
from jobs.handler import Handler, Job, Retry
from modeling.artifacts import ArtifactsUnavailable
from store.database import DatabaseUnavailable


class PredictionGenerationParams(PredictionScope):
    pass


class PredictionGenerationHandler(Handler[PredictionGenerationParams]):
    job_type = "prediction_generation"
    queue = "cpu"
    own_process = True
    timeout = timedelta(minutes=10)
    retry = Retry(times=2, on=(DatabaseUnavailable, ArtifactsUnavailable))

    async def run(self, params: PredictionGenerationParams, job: Job) -> FootballResult:
        job.progress(0, "reading matches", step="features")
        known = await matches_as_of(
            job, params.as_of, source=None, leagues=params.leagues, horizon=params.horizon
        )
        job.progress(0.7, "predicting fixtures", step="predict")
        predicted = await predict_fixtures(job, known, params)
        return FootballResult(
            as_of=known.as_of,
            predictions=await returned_predictions(job, params.return_predictions),
            **predicted.summary(known),
        )
