"""Predictions, picks and the runs that made them, as they stand in the API's answers."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field

from app.moments import UtcTime
from app.schemas import Out
from betting.markets import SELECTIONS, Market
from store.picks import PickRow
from store.predictions import PredictionRow
from store.prices import KnownPrices


class ModelRef(Out):
    name: str
    version: int


class ScoreOut(Out):
    score: str = Field(examples=["2-1"])
    probability: float


class GoalsOut(Out):
    """The goals expected of either side and what follows from them; the likeliest scores come first."""

    home: float
    away: float
    over_2_5: float
    under_2_5: float
    both_to_score: float
    likely_scores: list[ScoreOut]

    @classmethod
    def of(cls, row: PredictionRow) -> Self | None:
        if row.over_2_5 is None:
            return None
        likely = sorted((row.likely_scores or {}).items(), key=lambda told: (-told[1], told[0]))
        return cls.model_validate(
            {
                "home": row.home_goals,
                "away": row.away_goals,
                "over_2_5": row.over_2_5,
                "under_2_5": 1 - row.over_2_5,
                "both_to_score": row.both_to_score,
                "likely_scores": [{"score": score, "probability": chance} for score, chance in likely],
            }
        )


class PredictionOut(Out):
    """Probabilities of the three results of a match, knowing nothing later than `as_of`.

    `goals` is null where no model of goals took part.
    """

    match_id: int
    league: str
    season: str
    kickoff_at: UtcTime
    home_team: str
    away_team: str
    home: float
    draw: float
    away: float
    pick: Literal["home", "draw", "away"]
    goals: GoalsOut | None
    model: ModelRef
    as_of: UtcTime
    predicted_at: UtcTime
    job_id: int

    @classmethod
    def of(cls, row: PredictionRow) -> Self:
        return cls.model_validate(_prediction(row))


class PickOut(Out):
    """A selection that was worth a bet at `price` as of `as_of`, and why.

    `edge` is what a unit staked was expected to win. `stake` is what the run would stake, `stake_limit` what
    cut it.
    """

    id: int
    match_id: int
    league: str
    kickoff_at: UtcTime
    home_team: str
    away_team: str
    market: Market
    line: Decimal | None
    selection: str
    bookmaker: str
    price: Decimal
    price_known_at: UtcTime
    probability: float
    edge: float
    kelly: float
    stake: Decimal
    stake_limit: str
    why: str
    model: ModelRef
    as_of: UtcTime
    job_id: int

    @classmethod
    def of(cls, row: PickRow) -> Self:
        return cls.model_validate(
            {
                **vars(row),
                "league": row.league_code,
                "model": {"name": row.model_name, "version": row.model_version},
            }
        )


class PickPage(Out):
    items: list[PickOut]
    next_cursor: str | None


class PricesOut(Out):
    """What a bookmaker was known to pay on a market; null where a selection had no price."""

    bookmaker: str
    market: Market
    line: Decimal | None
    prices: dict[str, Decimal | None]
    known_at: UtcTime

    @classmethod
    def of(cls, row: KnownPrices) -> Self:
        market = Market(row.market)
        prices = dict(zip(SELECTIONS[market], row.prices, strict=True))
        return cls(
            bookmaker=row.bookmaker, market=market, line=row.line, prices=prices, known_at=row.known_at
        )


class MatchPredictionOut(PredictionOut):
    """The latest prediction of a match, the picks made with it, and the prices that were known as of then."""

    picks: list[PickOut]
    prices: list[PricesOut]

    @classmethod
    def with_picks(cls, row: PredictionRow, picks: list[PickRow], prices: list[KnownPrices]) -> Self:
        shown = {
            "picks": [PickOut.of(pick) for pick in picks],
            "prices": [PricesOut.of(one) for one in prices],
        }
        return cls.model_validate({**_prediction(row), **shown})


class PredictionRunOut(Out):
    """What a job did for the fixtures up to `horizon_at`, and how the 30 days before `as_of` had gone.

    Of `judged` predicted matches the result was known; `accuracy` and `log_loss` are of what was last said of
    them before kick-off. `roi` is profit by stake of the bets settled in these days. Null: there was nothing.
    """

    job_id: int
    as_of: UtcTime
    horizon_at: UtcTime
    model_id: int | None
    seconds: float
    leagues: int
    fixtures: int
    predictions: int
    picks: int
    bets: int
    judged: int
    accuracy: float | None
    log_loss: float | None
    roi: float | None
    created_at: UtcTime


class PredictionRunPage(Out):
    items: list[PredictionRunOut]
    next_cursor: str | None


def _prediction(row: PredictionRow) -> dict[str, object]:
    shown = {name: getattr(row, name) for name in PredictionOut.model_fields if hasattr(row, name)}
    model = {"name": row.model_name, "version": row.model_version}
    return {**shown, "league": row.league_code, "goals": GoalsOut.of(row), "model": model}
