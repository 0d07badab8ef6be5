"""The main job on real matches: every step's rows, and what happens when it runs again or fails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings, override
from handlers.data_pipeline import DataPipelineHandler, DataPipelineParams
from handlers.model_training import ModelTrainingHandler, ModelTrainingParams
from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from handlers.quick_data_refresh import QuickDataRefreshHandler, QuickDataRefreshParams
from handlers.steps.ingest import ingest
from handlers.steps.predict import ModelFromTheFuture, NoActiveModel
from handlers.steps.scope import NoMatches, NotYet
from jobs import service
from jobs.handler import JobParams
from jobs.testing import held_job, run_inline
from modeling.artifacts import ArtifactCorrupt
from store.database import Database
from store.jobs import get_job
from store.matches import count_matches, count_quarantined, match_history
from store.models import active_model, importance_of, list_models
from store.pipelines import pipeline_steps
from store.predictions import league_predictions
from store.quarantine import list_quarantined
from tests.engine import NoopHandler
from tests.engine.worker import has_ended, until, worker
from tests.handlers.conftest import LENIENT, Replayed

MATCHES = 3 * 306
WITHOUT_ODDS = {"elo_logit", "dixon_coles", "dynamic_poisson", "random_forest", "xgboost", "ensemble"}
REPLAY = DataPipelineParams(as_of="last_season", return_predictions=True, gate=LENIENT)


async def test_the_pipeline_goes_from_files_to_predictions(database: Database, settings: Settings) -> None:
    job_id, result = await run_inline(database, settings, DataPipelineHandler, REPLAY)
    async with database.read() as conn:
        steps = await pipeline_steps(conn, job_id)
        models = await list_models(conn, job_id=job_id)
        serving = await active_model(conn, "football")
        predictions = await league_predictions(conn, "D1")
        assert await count_matches(conn) == MATCHES
        assert serving is not None
        shares = await importance_of(conn, serving.id)
    assert [(step.step, step.status) for step in steps] == [
        ("ingest", "completed"),
        ("features", "completed"),
        ("train", "completed"),
        ("predict", "completed"),
    ]
    assert steps[0].counts["inserted"] == MATCHES
    assert {model.name for model in models} == WITHOUT_ODDS
    assert serving.metrics["log_loss"] == min(model.metrics["log_loss"] for model in models)
    assert serving.metrics["log_loss"] < serving.metrics["base_rates_log_loss"]
    assert sum(shares.values()) == pytest.approx(1)
    assert len(predictions) == result.predictions_saved == len(result.predictions) > 0
    for row in predictions:
        assert result.as_of < row.kickoff_at <= result.as_of + timedelta(days=7)
        assert row.home + row.draw + row.away == pytest.approx(1)
        assert row.pick == max(("home", "draw", "away"), key=lambda side: getattr(row, side))
    assert steps[3].counts == {
        "fixtures": len(predictions),
        "predictions": len(predictions),
        "picks": 0,
        "bets": 0,
    }


async def test_no_model_learns_from_what_was_not_known(replayed: Replayed) -> None:
    """The same moment again, with every later result changed, gives the same predictions."""
    database, settings, before = replayed.database, replayed.settings, replayed.result
    async with database.transaction() as conn:
        await conn.execute(
            text("update matches set home_goals = 9, away_goals = 0 where result_known_at > :as_of"),
            {"as_of": before.as_of},
        )
    known = PredictionGenerationParams(as_of=before.as_of, return_predictions=True)
    await run_inline(
        database,
        settings,
        ModelTrainingHandler,
        ModelTrainingParams(as_of=before.as_of, gate=LENIENT, force_deploy=True),
    )
    _, after = await run_inline(database, settings, PredictionGenerationHandler, known)
    assert before.predictions is not None
    assert [p.model_dump() for p in after.predictions] == [p.model_dump() for p in before.predictions]


async def test_running_twice_changes_no_match_and_doubles_no_prediction(replayed: Replayed) -> None:
    database, settings = replayed.database, replayed.settings
    again = REPLAY.model_copy(update={"train_model": False})
    job_id, result = await run_inline(database, settings, DataPipelineHandler, again)
    async with database.read() as conn:
        steps = {step.step: step for step in await pipeline_steps(conn, job_id)}
        stored = await conn.scalar(text("select count(*) from match_predictions"))
    assert (result.ingest["inserted"], result.ingest["updated"]) == (0, 0)
    assert result.ingest["unchanged"] == MATCHES
    assert stored == result.predictions_saved
    assert steps["train"].status == "skipped"


async def test_good_rows_land_and_bad_ones_are_reported(
    replayed: Replayed, football_folder: Path, tmp_path: Path
) -> None:
    good = (football_folder / "D1_0809.csv").read_text().splitlines()
    (tmp_path / "D1_0809.csv").write_text(
        "\n".join([*good[:50], "D1,31/02/2009,15:30,A,B,1,1,D", *good[50:]])
    )
    database, settings = replayed.database, replayed.settings
    broken = override(settings, {"football_data": str(tmp_path)})
    _, result = await run_inline(database, broken, QuickDataRefreshHandler, QuickDataRefreshParams())
    async with database.read() as conn:
        assert await count_quarantined(conn) == result.ingest["quarantined"] == 1
        row = (await conn.execute(text("select file, line, reason from quarantined_rows"))).one()
    assert (row.file, row.line) == ("D1_0809.csv", 51)
    assert "31/02/2009" in row.reason
    assert result.ingest["unchanged"] == 306


async def test_nothing_to_predict_is_said_not_hidden(replayed: Replayed) -> None:
    database, settings = replayed.database, replayed.settings
    now = PredictionGenerationParams(as_of=datetime(2026, 1, 1, tzinfo=UTC))
    _, result = await run_inline(database, settings, PredictionGenerationHandler, now)
    assert (result.fixtures, result.predictions_saved) == (0, 0)
    assert "the newest match is of 2009-05-23" in result.note


async def test_predicting_without_a_model_says_what_to_do(database: Database, settings: Settings) -> None:
    untrained = REPLAY.model_copy(update={"train_model": False})
    with pytest.raises(NoActiveModel, match="run a model_training job first"):
        await run_inline(database, settings, DataPipelineHandler, untrained)


async def test_training_without_matches_says_what_to_do(database: Database, settings: Settings) -> None:
    with pytest.raises(NoMatches, match="no played matches to replay"):
        await run_inline(database, settings, ModelTrainingHandler, ModelTrainingParams(as_of="last_season"))


def change_every_file(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"!")


async def test_a_changed_artifact_is_never_loaded(replayed: Replayed) -> None:
    database, settings, result = replayed.database, replayed.settings, replayed.result
    change_every_file(Path(settings.artifacts))
    known = PredictionGenerationParams(as_of=result.as_of)
    with pytest.raises(ArtifactCorrupt):
        await run_inline(database, settings, PredictionGenerationHandler, known)


async def test_a_failed_pipeline_shows_the_step_that_failed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTBALL_DATA", str(tmp_path))  # a folder without any file
    async with database.transaction() as conn:
        job_id = await service.submit(conn, DataPipelineHandler, DataPipelineParams())
    with worker(database.url, "--until-idle", handlers="handlers"):
        job = await until(database, job_id, has_ended)
    async with database.read() as conn:
        ended = await get_job(conn, job_id)
        steps = await pipeline_steps(conn, job_id)
    assert ended is not None
    assert (job.status, ended.step) == ("failed", "ingest")
    assert [(step.step, step.status) for step in steps] == [
        ("ingest", "failed"),
        ("features", "pending"),
        ("train", "pending"),
        ("predict", "pending"),
    ]
    assert steps[0].error == job.error
    assert "csv" in str(job.error).lower()


async def test_a_replay_of_the_past_does_not_replace_the_model_in_service(replayed: Replayed) -> None:
    database, settings, first = replayed.database, replayed.settings, replayed.result
    async with database.read() as conn:
        serving = await active_model(conn, "football")
    earlier = first.as_of - timedelta(days=60)
    past = REPLAY.model_copy(update={"as_of": earlier})
    _, earlier_result = await run_inline(database, settings, DataPipelineHandler, past)
    async with database.read() as conn:
        assert await active_model(conn, "football") == serving
    assert earlier_result.predictions_saved > 0
    assert {model.status for model in earlier_result.models} == {"candidate"}
    with pytest.raises(ModelFromTheFuture, match="later than the moment asked for"):
        await run_inline(
            database, settings, PredictionGenerationHandler, PredictionGenerationParams(as_of=earlier)
        )


async def test_one_club_under_two_names_is_no_match(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "E0_2122.csv").write_text(
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG\n"
        "E0,14/08/2021,Man United,Leeds,5,1\nE0,15/08/2021,Man United,Manchester United,1,0\n"
    )
    job = await held_job(
        database, override(settings, {"football_data": str(tmp_path)}), NoopHandler, JobParams()
    )
    counts = await ingest(job, DataPipelineParams(), lambda *_: None)
    assert (counts["inserted"], counts["quarantined"]) == (1, 1)
    async with database.read() as conn:
        (refused,) = await list_quarantined(conn)
    assert refused.reason == "both sides are the same club"


async def test_matches_of_clubs_with_too_short_a_past_are_not_learnt_from(replayed: Replayed) -> None:
    database, settings, everything = replayed.database, replayed.settings, replayed.result
    experienced = ModelTrainingParams(as_of=everything.as_of, min_matches=30, gate=LENIENT)
    await run_inline(database, settings, ModelTrainingHandler, experienced)
    async with database.read() as conn:
        models = [model for model in await list_models(conn) if model.name == "elo_logit"]
    after, before = models
    assert after.training_matches < before.training_matches
    assert after.data_from > before.data_from


async def test_a_moment_that_has_not_come_is_refused(replayed: Replayed) -> None:
    database, settings = replayed.database, replayed.settings
    tomorrow = ModelTrainingParams(as_of=datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(NotYet, match="has not come yet"):
        await run_inline(database, settings, ModelTrainingHandler, tomorrow)


async def test_a_fixture_never_replaces_a_result_under_another_spelling(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "E0_2122.csv").write_text(
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG\nE0,14/08/2021,Man United,Leeds,5,1\n"
        "E0,14/08/2021,Manchester United,Leeds,,\nE0,14/08/2021,Manchester Utd,Leeds,,\n"
    )
    job = await held_job(
        database, override(settings, {"football_data": str(tmp_path)}), NoopHandler, JobParams()
    )
    counts = await ingest(job, DataPipelineParams(), lambda *_: None)
    assert (counts["inserted"], counts["quarantined"]) == (1, 2)
    async with database.read() as conn:
        (row,) = await match_history(conn, until=datetime.now(UTC))
    assert (row.home_goals, row.away_goals) == (5, 1)
