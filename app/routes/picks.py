"""What was worth a bet, and why."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_timed_cursor, encode_timed_cursor
from app.moments import Moment
from app.pages import Cursor, Limit, page_of, place_of
from app.prediction_schemas import PickOut, PickPage
from app.state import Web
from betting.markets import Market
from store.jobs import database_now
from store.picks import PickFilter, list_picks

router = APIRouter(route_class=StrictRoute, tags=["predictions"])


@router.get("/v1/picks")
async def find_picks(
    web: Web,
    request: Request,
    response: Response,
    league: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9]{1,8}$", examples=["D1"])] = None,
    market: Market | None = None,
    kickoff_from: Annotated[Moment | None, Query(description="Left out: matches not yet started")] = None,
    kickoff_to: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PickPage:
    """The picks of coming matches, those of the newest moment first; a run of another moment picks anew."""
    after = place_of(cursor, decode_timed_cursor)
    async with web.read() as conn:
        wanted = PickFilter(
            league_code=league and league.upper(),
            market=market,
            kickoff_from=kickoff_from or await database_now(conn),
            kickoff_to=kickoff_to,
        )
        found = await list_picks(conn, wanted, after=after, limit=limit + 1)
    page, next_cursor = page_of(
        found, limit, lambda pick: encode_timed_cursor(pick.as_of, pick.id), request, response
    )
    return PickPage(items=[PickOut.of(pick) for pick in page], next_cursor=next_cursor)
