"""Trainings: what came of each, and what the gate answered."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.model_schemas import TrainingOut, TrainingPage
from app.pages import Cursor, Limit, page_of, place_of
from app.state import Web
from sports.base import SportName
from store.models import ModelRow, models_with
from store.trainings import TrainingRow, list_trainings

router = APIRouter(route_class=StrictRoute, tags=["models"])


@router.get("/trainings")
async def show_trainings(
    web: Web,
    request: Request,
    response: Response,
    sport: SportName = "football",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TrainingPage:
    """Trainings, newest first: the outcome, its reason, and each check of the gate."""
    below = place_of(cursor, decode_cursor)
    async with web.read() as conn:
        found = await list_trainings(conn, sport=sport, below=below, limit=limit + 1)
        models = await models_of(conn, found)
    page, next_cursor = page_of(found, limit, lambda training: encode_cursor(training.id), request, response)
    items = [TrainingOut.of(row, models) for row in page]
    return TrainingPage(items=items, next_cursor=next_cursor)


async def models_of(conn: AsyncConnection, trainings: Sequence[TrainingRow]) -> dict[int, ModelRow]:
    """The versions that the trainings name, by their ids."""
    named = {number for row in trainings for number in (row.best_model_id, row.in_service_id)}
    return {model.id: model for model in await models_with(conn, [one for one in named if one is not None])}
