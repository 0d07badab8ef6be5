"""Predicts the fixtures of the window with the model in service and stores the probabilities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.steps.features import KnownMatches
from jobs.handler import Job
from store.models import ModelRow, active_model
from store.predictions import NewPrediction, save_predictions
from store.trainings import list_trainings

if TYPE_CHECKING:
    from modeling.examples import Examples

PICKS = ("home", "draw", "away")


class NoActiveModel(Exception):
    """No model of the sport is in service."""


class ModelFromTheFuture(Exception):
    """The model in service has seen matches that were not known at the moment asked for."""


@dataclass(frozen=True)
class Predicted:
    """What one run predicted: the model that did, and how many of how many fixtures."""

    model: ModelRow
    fixtures: int
    predictions: int

    def summary(self, known: KnownMatches) -> dict[str, Any]:
        """These figures as fields of a FootballResult, with a hint where there was nothing to predict."""
        note = None
        if not self.fixtures:
            newest = known.matches["kickoff_at"].max()
            note = (
                f"no fixtures from {known.as_of:%Y-%m-%d} to {known.horizon:%Y-%m-%d}; the newest match is "
                f"of {newest:%Y-%m-%d} (as_of 'last_season' replays a past moment)"
            )
        return {
            "fixtures": self.fixtures,
            "predictions_saved": self.predictions,
            "predicted_by": f"{self.model.name} {self.model.version}",
            "note": note,
        }


async def predict_fixtures(
    job: Job, known: KnownMatches, leagues: tuple[str, ...] | None, model: ModelRow | None = None
) -> Predicted:
    """Stores a prediction of every fixture in the window, by the model given or else the one in service.

    Raises NoActiveModel, ModelFromTheFuture, ArtifactError.
    """
    model = model or await _model_in_service(job, known)
    fixtures = _fixtures(known, leagues)
    rows = await _predictions(job, model, known, fixtures) if len(fixtures) else []
    async with job.transaction() as conn:
        saved = await save_predictions(conn, job.id, rows)
    return Predicted(model, len(fixtures), saved)


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


async def _predictions(
    job: Job, model: ModelRow, known: KnownMatches, fixtures: "Examples"
) -> list[NewPrediction]:
    from modeling.artifact_store import artifact_store
    from modeling.predict import load_model

    artifacts = artifact_store(job.settings.artifact_location())
    served = await load_model(model.name, model.artifact_sha256, artifacts.load)
    return [
        NewPrediction(
            match_id=int(match_id),
            model_id=model.id,
            as_of=known.as_of,
            home=float(home),
            draw=float(draw),
            away=float(away),
            pick=PICKS[max(range(3), key=(home, draw, away).__getitem__)],
        )
        for match_id, (home, draw, away) in zip(
            fixtures.matches["match_id"], served.predict_proba(fixtures), strict=True
        )
    ]
