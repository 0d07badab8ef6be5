"""Walk forward through past matches: what each model would have said of them by what was known then."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, Field, model_validator

from handlers.steps.features import KnownMatches, matches_as_of
from handlers.steps.scope import LeagueCode, Moment
from jobs.handler import Handler, Job, JobParams, Retry
from store.database import DatabaseUnavailable

if TYPE_CHECKING:
    from modeling.examples import Examples

ModelName = Literal[
    "elo_logit",
    "dixon_coles",
    "dynamic_poisson",
    "random_forest",
    "xgboost",
    "market_logit",
    "xgboost_market",
    "ensemble",
    "ensemble_market",
]
# Of the time: reading the matches, then the walk.
READING = 0.05


class BacktestParams(JobParams):
    test_from: Moment = Field(description="Matches from this moment on count")
    test_to: Moment | None = Field(
        None, description="Matches until this moment; nothing later is used. Left out: now"
    )
    models: tuple[ModelName, ...] | None = Field(None, min_length=1, description="Left out: all models")
    leagues: tuple[LeagueCode, ...] | None = Field(None, min_length=1, description="Left out: all leagues")
    refit_days: int | None = Field(
        None,
        ge=7,
        le=3_650,
        description="Each model is fitted anew after so many days. Left out: as each asks, or once a season",
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.test_to is not None and self.test_to <= self.test_from:
            raise ValueError("test_to must be later than test_from")
        return self


class Compared(BaseModel):
    """The log loss, brier, rps, accuracy and ece of everybody on the same matches of a period."""

    period: str
    matches: int
    scores: dict[str, dict[str, float]]


class ComparedBy(BaseModel):
    overall: Compared
    seasons: list[Compared]
    months: list[Compared]


class BacktestResult(BaseModel):
    """`all_matches` has the models and the base rates; `with_odds` the opening and closing line too.

    `left_out` are the models that had too few matches with odds to learn from before the first that counts.
    """

    test_from: datetime
    test_to: datetime
    left_out: list[str]
    all_matches: ComparedBy | None
    with_odds: ComparedBy | None


class BacktestHandler(Handler[BacktestParams]):
    job_type = "backtest"
    queue = "cpu"
    own_process = True
    timeout = timedelta(hours=2)  # a fit a week of all models through a season takes that long
    memory_mb = 2_000  # 27,000 matches with features and a forest
    retry = Retry(times=1, on=(DatabaseUnavailable,))

    def unique_key(self, params: BacktestParams) -> str:
        return f"backtest:{params.model_dump_json()}"

    async def run(self, params: BacktestParams, job: Job) -> BacktestResult:
        from modeling.walk_forward import walk_forward
        from modeling.walk_report import of_all_matches, of_matches_with_odds

        job.progress(0, "reading matches", step="features")
        known = await matches_as_of(
            job, params.test_to, source=None, leagues=params.leagues, horizon=timedelta(0)
        )
        walk = walk_forward(
            _wanted(known, params.leagues),
            params.test_from,
            models=params.models,
            refit=None if params.refit_days is None else timedelta(days=params.refit_days),
            report=lambda done, message: job.progress(READING + (1 - READING) * done, message, step="walk"),
        )
        walked = known.matches.index.get_indexer(walk.examples.matches.index)
        return BacktestResult.model_validate(
            {
                "test_from": params.test_from,
                "test_to": known.as_of,
                "left_out": walk.left_out,
                "all_matches": of_all_matches(walk),
                "with_odds": of_matches_with_odds(walk, known.lines.at(walked)),
            },
            from_attributes=True,
        )


def _wanted(known: KnownMatches, leagues: tuple[str, ...] | None) -> "Examples":
    if leagues is None:
        return known.examples
    return known.examples.where(known.matches["league_code"].isin(leagues))
