"""The daily operations by name: each adds the job that does it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.bodies import JsonObject, StrictRoute
from app.schemas import JobOut
from app.submission import Submitting, accepted, checked_params
from handlers.data_pipeline import DataPipelineHandler, DataPipelineParams
from handlers.model_training import ModelTrainingHandler, ModelTrainingParams
from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from handlers.quick_data_refresh import QuickDataRefreshHandler, QuickDataRefreshParams
from jobs.handler import JobParams

router = APIRouter(route_class=StrictRoute, tags=["shortcuts"])


def _body_of(params: type[JobParams]) -> dict[str, Any]:
    """The request body in the API's schema. It is checked as a job's parameters are, not by the framework."""
    content = {"application/json": {"schema": params.model_json_schema()}}
    return {"requestBody": {"required": False, "content": content}}


@router.post("/run-pipeline", status_code=202, openapi_extra=_body_of(DataPipelineParams))
async def run_pipeline(params: JsonObject, submitting: Submitting, response: Response) -> JobOut:
    """Ingest, features, training, predictions: a `data_pipeline` job with the body as its parameters."""
    checked = checked_params(DataPipelineHandler, params)
    return accepted(response, await submitting.add(DataPipelineHandler, checked))


@router.post("/data/quick-refresh", status_code=202)
async def refresh_quickly(
    submitting: Submitting, response: Response, refresh_token: bool = False, return_predictions: bool = False
) -> JobOut:
    """New data and new predictions with the model in service: a `quick_data_refresh` job."""
    params = QuickDataRefreshParams(refresh_token=refresh_token, return_predictions=return_predictions)
    return accepted(response, await submitting.add(QuickDataRefreshHandler, params))


@router.post("/ml/generate-predictions", status_code=202, openapi_extra=_body_of(PredictionGenerationParams))
async def generate_predictions(params: JsonObject, submitting: Submitting, response: Response) -> JobOut:
    """Predictions from the matches in the tables: a `prediction_generation` job."""
    checked = checked_params(PredictionGenerationHandler, params)
    return accepted(response, await submitting.add(PredictionGenerationHandler, checked))


@router.post("/ml/train", status_code=202)
async def train_models(
    submitting: Submitting,
    response: Response,
    days_back: Annotated[int, Query(ge=1, le=73_000)] = 36_500,
    min_matches_per_player: Annotated[int, Query(ge=0, le=100)] = 0,
) -> JobOut:
    """Trains the models on the matches in the tables: a `model_training` job."""
    params = ModelTrainingParams(days_back=days_back, min_matches=min_matches_per_player)
    return accepted(response, await submitting.add(ModelTrainingHandler, params))
