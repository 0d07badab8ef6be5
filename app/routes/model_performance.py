"""How good the predictions were that were served."""

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Query

from app.bodies import StrictRoute
from app.moments import UtcTime
from app.schemas import Out
from app.state import Web
from store.model_performance import ModelPerformanceRow, list_model_performance

router = APIRouter(route_class=StrictRoute, tags=["models"])


class ServedBetsOut(Out):
    """The bets settled in these days: profit by stake, and how much better the prices taken were than the
    closing line with its margin removed, with its standard error.
    """

    bets: int
    roi: float | None
    closing_line_value: float | None
    closing_line_error: float | None


class MarketOut(Out):
    """On the matches with closing odds: the log loss of the closing line, and of what was predicted."""

    matches: int
    log_loss: float | None
    predictions_log_loss: float | None


class ModelPerformanceOut(Out):
    """Of the last predictions before kick-off, of matches that kicked off in the `window_days` before
    `as_of` and whose results were known then. `promised_log_loss` is what validation measured of the models
    that served; `promise_error` the standard error of the difference; `ece_limit` what a well calibrated
    model hardly exceeds on so many matches. `says` is the verdict in words, `drifted` the alarm.
    """

    sport: str
    window_days: int
    day: date
    as_of: UtcTime
    drifted: bool
    says: str
    matches: int
    served: dict[str, int]
    log_loss: float | None
    log_loss_error: float | None
    promised_log_loss: float | None
    promise_error: float | None
    brier: float | None
    rps: float | None
    accuracy: float | None
    ece: float | None
    ece_limit: float | None
    market: MarketOut
    bets: ServedBetsOut
    job_id: int

    @classmethod
    def of(cls, row: ModelPerformanceRow) -> Self:
        market = MarketOut(
            matches=row.market_matches,
            log_loss=row.market_log_loss,
            predictions_log_loss=row.log_loss_beside_market,
        )
        return cls.model_validate({**vars(row), "market": market, "bets": ServedBetsOut.model_validate(row)})


class ModelPerformances(Out):
    items: list[ModelPerformanceOut]


@router.get("/models/performance")
async def show_model_performance(
    web: Web,
    sport: Annotated[str, Query(pattern=r"^[a-z0-9_]{1,32}$")] = "football",
    window_days: Annotated[int | None, Query(ge=1, le=3_650, description="7, 30 or 90")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 30,
) -> ModelPerformances:
    """The latest day first; the settlement job measures it and replaces the day's figures."""
    async with web.read() as conn:
        rows = await list_model_performance(conn, sport, window_days=window_days, limit=limit)
    return ModelPerformances(items=[ModelPerformanceOut.of(row) for row in rows])
