"""What is promoted or rolled back over HTTP counts for the next prediction job."""

import httpx2
import pytest

from app.main import create_app
from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from jobs.testing import run_inline
from tests.app.conftest import client_of
from tests.handlers.conftest import Replayed

pytestmark = pytest.mark.anyio


async def predicted_by(replayed: Replayed) -> str | None:
    params = PredictionGenerationParams(as_of=replayed.result.as_of)
    _, result = await run_inline(replayed.database, replayed.settings, PredictionGenerationHandler, params)
    assert result.predictions_saved == result.fixtures
    return str(result.predicted_by)


async def changed(client: httpx2.AsyncClient, path: str, **body: object) -> None:
    answer = await client.post(f"/api/models/{path}", json={"reason": "a test", **body})
    assert (answer.status_code, answer.json()["artifact_checked"]) == (200, True)


async def test_a_prediction_job_that_starts_afterwards_uses_what_was_put_in_service(
    replayed: Replayed,
) -> None:
    deployed = await predicted_by(replayed)
    other = next(model.name for model in replayed.result.models if model.status == "candidate")
    async with client_of(create_app(replayed.settings)) as client:
        await changed(client, f"{other}/promote", version=1)
        promoted = await predicted_by(replayed)
        await changed(client, f"{other}/rollback")
    assert (promoted, await predicted_by(replayed)) == (f"{other} 1", deployed)
    assert deployed != promoted
