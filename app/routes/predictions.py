"""What the models say of coming matches, and the runs that asked them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.bodies import StrictRoute
from app.cursors import decode_cursor, encode_cursor
from app.pages import Cursor, Limit, page_of, place_of
from app.prediction_schemas import MatchPredictionOut, PredictionOut, PredictionRunOut, PredictionRunPage
from app.problems import Problem
from app.row_ids import RowId
from app.state import Web
from betting.picks import PickRules
from store.matches import MatchRow, find_match
from store.picks import picks_beside
from store.prediction_runs import list_prediction_runs
from store.predictions import league_predictions, match_prediction
from store.prices import known_prices

# As picks see them, where a run says nothing else.
OLDEST = PickRules().oldest_price

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
    return [PredictionOut.of(row) for row in rows]


@router.get("/v1/predictions/match/{match_id}")
async def show_match_prediction(match_id: RowId, web: Web) -> MatchPredictionOut:
    """What was last said of the match, what was worth a bet then, and the prices that were known."""
    async with web.read() as conn:
        row = await match_prediction(conn, match_id)
        if row is None:
            raise _unpredicted(match_id, await find_match(conn, match_id))
        picks = await picks_beside(conn, match_id, model_id=row.model_id, as_of=row.as_of)
        prices = await known_prices(conn, [match_id], as_of=row.as_of, oldest=OLDEST)
    return MatchPredictionOut.with_picks(row, picks, prices)


@router.get("/v1/prediction-runs")
async def find_prediction_runs(
    web: Web,
    request: Request,
    response: Response,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PredictionRunPage:
    """The jobs that predicted, the newest first, with what each did and how good predictions were by then."""
    before = place_of(cursor, decode_cursor)
    async with web.read() as conn:
        found = await list_prediction_runs(conn, before=before, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda run: encode_cursor(run.job_id), request, response)
    return PredictionRunPage(
        items=[PredictionRunOut.model_validate(run) for run in page], next_cursor=next_cursor
    )


def _unpredicted(match_id: int, match: MatchRow | None) -> Problem:
    if match is None:
        return Problem("match-not-found", f"there is no match {match_id}")
    played = f"{match.home_team} - {match.away_team} of {match.kickoff_at:%Y-%m-%d}"
    told = f"nothing was predicted of {played} ({match.league_code}) so far"
    return Problem("prediction-not-found", f"{told}: a prediction_generation job predicts coming matches")
