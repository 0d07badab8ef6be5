"""Models in a bucket: trained into it, predicted from it, and tried again when it is away."""

from collections.abc import Iterator

import pytest

from config.settings import Settings, override
from handlers.model_training import ModelTrainingHandler, ModelTrainingParams
from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from jobs.testing import run_inline
from modeling.artifacts import ArtifactsUnavailable
from store.models import list_models
from tests.handlers.conftest import LENIENT, Replayed
from tests.modeling.s3_server import ANY_KEYS, NAME, REGION, Front, S3Server


@pytest.fixture
def s3() -> Iterator[S3Server]:
    front = Front()
    with front.listening(), front.fresh() as server:
        yield server


def in_a_bucket(settings: Settings, endpoint: str) -> Settings:
    key_id, secret = ANY_KEYS
    values = {
        "artifacts": f"s3://{NAME}/football",
        "artifacts_endpoint": endpoint,
        "artifacts_region": REGION,
        "artifacts_access_key_id": key_id,
        "artifacts_secret_access_key": secret,
    }
    return override(settings, values)


async def test_models_are_trained_into_a_bucket_and_predict_from_it(replayed: Replayed, s3: S3Server) -> None:
    database, as_of = replayed.database, replayed.result.as_of
    settings = in_a_bucket(replayed.settings, s3.url)
    await run_inline(
        database,
        settings,
        ModelTrainingHandler,
        ModelTrainingParams(as_of=as_of, gate=LENIENT, force_deploy=True),
    )
    _, result = await run_inline(
        database, settings, PredictionGenerationHandler, PredictionGenerationParams(as_of=as_of)
    )
    async with database.read() as conn:
        versions = await list_models(conn, limit=6)
    assert {f"football/{model.artifact_sha256}" for model in versions} == set(s3.objects())
    assert result.predictions_saved
    assert result.predictions_saved == replayed.result.predictions_saved


async def test_a_bucket_that_is_away_is_asked_again_by_a_later_attempt(replayed: Replayed) -> None:
    settings = in_a_bucket(replayed.settings, "http://127.0.0.1:1")
    known = PredictionGenerationParams(as_of=replayed.result.as_of)
    with pytest.raises(ArtifactsUnavailable) as away:
        await run_inline(replayed.database, settings, PredictionGenerationHandler, known)
    assert PredictionGenerationHandler.retry.allows(away.value)
