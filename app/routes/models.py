"""Model versions."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.bodies import StrictRoute
from app.schemas import ModelOut, Models
from app.state import Web
from store.models import list_models

router = APIRouter(route_class=StrictRoute, tags=["models"])


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
