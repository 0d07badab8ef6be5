"""Team sheets of a match, and what its players did."""

from fastapi import APIRouter

from app.bodies import StrictRoute
from app.lineup_schemas import LineupOut, LineupsOut, PlayerStatsOut
from app.problems import Problem
from app.row_ids import RowId
from app.state import Web
from store.lineups import lineups_of, player_stats_of
from store.matches import find_match

router = APIRouter(route_class=StrictRoute, tags=["predictions"])


@router.get("/v1/lineups/{match_id}")
async def show_lineups(match_id: RowId, web: Web) -> LineupsOut:
    """The latest team sheet of each side, and the players' figures; empty before any is known."""
    async with web.read() as conn:
        if await find_match(conn, match_id) is None:
            raise Problem("match-not-found", f"there is no match {match_id}")
        sheets = await lineups_of(conn, match_id)
        figures = await player_stats_of(conn, match_id)
    return LineupsOut(
        match_id=match_id,
        lineups=[LineupOut.model_validate(sheet) for sheet in sheets],
        player_stats=[PlayerStatsOut.model_validate(one) for one in figures],
    )
