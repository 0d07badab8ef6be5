"""Model versions: all, those of one model, one with everything that is kept of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.model_schemas import VERSION_MAX, TrainingOut, VersionOut, VersionPage, VersionSummary
from app.pages import Cursor, Limit, page_of, place_of
from app.problems import Problem
from app.routes.trainings import models_of
from app.schemas import ModelOut, Models
from app.state import Web
from sports.base import SportName
from store.models import find_version, importance_of, importances_of, list_models, list_versions
from store.trainings import training_of

router = APIRouter(route_class=StrictRoute, tags=["models"])
ModelName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["ensemble"])]
VersionNumber = Annotated[int, Path(ge=1, le=VERSION_MAX)]


@router.get("/models")
async def show_models(
    web: Web,
    sport: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Models:
    """Versions, newest first, with their validation figures; the active one predicts."""
    async with web.read() as conn:
        rows = await list_models(conn, sport=sport, limit=limit)
    return Models(items=[ModelOut.model_validate(row) for row in rows])


@router.get("/models/{name}/versions")
async def show_versions(
    name: ModelName,
    web: Web,
    request: Request,
    response: Response,
    sport: SportName = "football",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> VersionPage:
    """The versions of one model, newest first. Follow `next_cursor` to the older ones."""
    below = place_of(cursor, decode_cursor)
    async with web.read() as conn:
        found = await list_versions(conn, sport, name, below=below, limit=limit + 1)
        importances = await importances_of(conn, [model.id for model in found])
    if not found and cursor is None:
        raise Problem("model-not-found", f"there is no {sport} model {name}; GET /api/models lists them")
    page, next_cursor = page_of(found, limit, lambda model: encode_cursor(model.version), request, response)
    items = [VersionSummary.of(model, importances.get(model.id, {})) for model in page]
    return VersionPage(items=items, next_cursor=next_cursor)


@router.get("/models/{name}/versions/{version}")
async def show_version(
    name: ModelName, version: VersionNumber, web: Web, sport: SportName = "football"
) -> VersionOut:
    """One version with its parameters, features, data window, and what the gate said of it."""
    async with web.read() as conn:
        model = await find_version(conn, sport, name, version)
        if model is None:
            told = f"there is no {sport} model {name} {version}; GET /api/models/{name}/versions lists them"
            raise Problem("model-not-found", told)
        importance = await importance_of(conn, model.id)
        training = await training_of(conn, sport, model.id)
        named = await models_of(conn, [training] if training else [])
    shown = training and TrainingOut.of(training, named)
    return VersionOut.model_validate({**vars(model), "importance": importance, "training": shown})
