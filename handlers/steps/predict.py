"""Predicts the fixtures of the window with the model in service; stores what it says and what to bet on."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from handlers.steps.features import KnownMatches
from handlers.steps.month_before import month_before
from handlers.steps.picks import Picked, Predictions, pick
from handlers.steps.pipeline import Counts
from handlers.steps.scope import PredictionScope
from jobs.handler import Job
from store.models import ModelRow, active_model
from store.prediction_runs import NewPredictionRun, PredictionRunRow, save_prediction_run
from store.predictions import NewPrediction, forget_other_moments, save_predictions
from store.trainings import list_trainings

if TYPE_CHECKING:
    from modeling.examples import Examples
    from modeling.goals import GoalMarkets

PICKS = ("home", "draw", "away")
log = structlog.get_logger()


class NoActiveModel(Exception):
    """No model of the sport is in service."""


class ModelFromTheFuture(Exception):
    """The model in service has seen matches that were not known at the moment asked for."""


@dataclass(frozen=True)
class Predicted:
    """What one run predicted, picked and bet, and the model that it asked."""

    model: ModelRow
    run: PredictionRunRow

    @property
    def counts(self) -> Counts:
        run = self.run
        return {
            "fixtures": run.fixtures,
            "predictions": run.predictions,
            "picks": run.picks,
            "bets": run.bets,
        }

    def summary(self, known: KnownMatches) -> dict[str, Any]:
        """These figures as fields of a FootballResult, with a hint where there was nothing to predict."""
        note = None
        if not self.run.fixtures:
            newest = known.matches["kickoff_at"].max()
            note = (
                f"no fixtures from {known.as_of:%Y-%m-%d} to {known.horizon:%Y-%m-%d}; the newest match is "
                f"of {newest:%Y-%m-%d} (as_of 'last_season' replays a past moment)"
            )
        return {
            "fixtures": self.run.fixtures,
            "predictions_saved": self.run.predictions,
            "picks": self.run.picks,
            "bets": self.run.bets,
            "predicted_by": f"{self.model.name} {self.model.version}",
            "note": note,
        }


async def predict_fixtures(
    job: Job, known: KnownMatches, scope: PredictionScope, model: ModelRow | None = None
) -> Predicted:
    """Stores a prediction of every fixture in the window, by the model given or else the one in service; what
    is worth a bet of them; and what the run did.

    Raises NoActiveModel, ModelFromTheFuture, ArtifactError.
    """
    model = model or await _model_in_service(job, known)
    fixtures = _fixtures(known, scope.leagues)
    rows = await _predictions(job, model, known, fixtures) if len(fixtures) else []
    said = Predictions(model.id, known.as_of, rows, _kickoffs(fixtures))
    async with job.transaction() as conn:
        await forget_other_moments(conn, job.id, known.as_of, said.kickoffs)
        await save_predictions(conn, job.id, rows)
        picked = await pick(conn, job.id, said, scope)
        before = await month_before(conn, known.as_of, scope.bankroll)
        run = await save_prediction_run(conn, _done(job, known, model, fixtures, picked), before)
    log.info("prediction_run", model=f"{model.name} {model.version}", **_told(run))
    return Predicted(model, run)


async def _model_in_service(job: Job, known: KnownMatches) -> ModelRow:
    async with job.database.read() as conn:
        model = await active_model(conn, "football")
        last = await list_trainings(conn, sport="football", limit=1)
    if model is None and last:
        raise NoActiveModel(
            f"no football model is in service: the last training was {last[0].outcome}: {last[0].reason}"
        )
    if model is None:
        raise NoActiveModel("no football model is in service: run a model_training job first")
    if model.as_of > known.as_of:
        raise ModelFromTheFuture(
            f"the model in service knows matches until {model.as_of:%Y-%m-%d %H:%M} UTC, later than the "
            f"moment asked for ({known.as_of:%Y-%m-%d %H:%M}): a data_pipeline job can train one for it"
        )
    return model


def _fixtures(known: KnownMatches, leagues: tuple[str, ...] | None) -> "Examples":
    kickoff = known.matches["kickoff_at"]
    wanted = (kickoff > known.as_of) & (kickoff <= known.horizon)
    if leagues is not None:
        wanted &= known.matches["league_code"].isin(leagues)
    return known.examples.where(wanted)


def _kickoffs(fixtures: "Examples") -> dict[int, datetime]:
    kickoffs = fixtures.matches["kickoff_at"].dt.to_pydatetime()
    return dict(zip(fixtures.matches["match_id"].tolist(), kickoffs, strict=True))


async def _predictions(
    job: Job, model: ModelRow, known: KnownMatches, fixtures: "Examples"
) -> list[NewPrediction]:
    from modeling.artifact_store import artifact_store
    from modeling.predict import load_model, predict_goals

    artifacts = artifact_store(job.settings.artifact_location())
    served = await load_model(model.name, model.artifact_sha256, artifacts.load)
    probabilities = served.predict_proba(fixtures)
    goals = _goal_columns(predict_goals(served, fixtures, probabilities))
    match_ids = fixtures.matches["match_id"].tolist()
    return [
        NewPrediction(
            match_id=match_id,
            model_id=model.id,
            as_of=known.as_of,
            home=home,
            draw=draw,
            away=away,
            pick=PICKS[max(range(3), key=(home, draw, away).__getitem__)],
            **{name: values[place] for name, values in goals.items()},
        )
        for place, (match_id, (home, draw, away)) in enumerate(
            zip(match_ids, probabilities.tolist(), strict=True)
        )
    ]


def _goal_columns(goals: "GoalMarkets | None") -> dict[str, list[Any]]:
    """The columns of a prediction that come from goals; none where no goal model took part."""
    if goals is None:
        return {}
    return {
        "home_goals": goals.home_goals.tolist(),
        "away_goals": goals.away_goals.tolist(),
        "over_2_5": goals.over_2_5.tolist(),
        "both_to_score": goals.both_to_score.tolist(),
        "likely_scores": goals.likely_scores,
    }


def _done(
    job: Job, known: KnownMatches, model: ModelRow, fixtures: "Examples", picked: Picked
) -> NewPredictionRun:
    return NewPredictionRun(
        job_id=job.id,
        as_of=known.as_of,
        horizon_at=known.horizon,
        model_id=model.id,
        leagues=fixtures.matches["league_code"].nunique(),
        fixtures=len(fixtures),
        predictions=len(fixtures),
        picks=picked.picks,
        bets=picked.bets,
    )


def _told(run: PredictionRunRow) -> dict[str, Any]:
    """The run as values of a log line."""
    figures = {
        name: value for name, value in asdict(run).items() if name not in ("job_id", "created_at", "model_id")
    }
    return {**figures, "as_of": run.as_of.isoformat(), "horizon_at": run.horizon_at.isoformat()}
