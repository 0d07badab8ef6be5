"""What the models say of coming matches."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.bodies import StrictRoute
from app.schemas import PredictionOut
from app.state import Web
from store.predictions import PredictionRow, league_predictions

router = APIRouter(route_class=StrictRoute, tags=["predictions"])


@router.get("/v1/predictions/league/{league_code}")
async def show_league_predictions(
    league_code: Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,8}$", examples=["D1"])],
    web: Web,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
) -> list[PredictionOut]:
    """What the latest job that predicted the league said of it, by kick-off; empty before the first."""
    async with web.read() as conn:
        rows = await league_predictions(conn, league_code.upper(), limit=limit)
    return [_shown(row) for row in rows]


def _shown(row: PredictionRow) -> PredictionOut:
    return PredictionOut.model_validate(
        {
            **asdict(row),
            "league": row.league_code,
            "model": {"name": row.model_name, "version": row.model_version},
        }
    )
