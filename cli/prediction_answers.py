"""What the API answers of predictions and picks, as far as the command shows it."""

from datetime import datetime
from decimal import Decimal

from pydantic import RootModel

from cli.answers import Answer


class ModelRef(Answer):
    name: str
    version: int


class Score(Answer):
    score: str
    probability: float


class Goals(Answer):
    home: float
    away: float
    over_2_5: float
    both_to_score: float
    likely_scores: list[Score]


class Prediction(Answer):
    match_id: int
    league: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    home: float
    draw: float
    away: float
    pick: str
    goals: Goals | None
    model: ModelRef
    as_of: datetime


class Predictions(RootModel[list[Prediction]]):
    """Those of a league."""


class Pick(Answer):
    league: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    edge: float
    stake: Decimal
    why: str
    as_of: datetime


class PickPage(Answer):
    items: list[Pick]
    next_cursor: str | None


class Prices(Answer):
    bookmaker: str
    line: Decimal | None
    prices: dict[str, Decimal | None]
    known_at: datetime


class MatchPrediction(Prediction):
    picks: list[Pick]
    prices: list[Prices]


class PredictionRun(Answer):
    job_id: int
    as_of: datetime
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


class PredictionRunPage(Answer):
    items: list[PredictionRun]
    next_cursor: str | None
