"""Training: what the gate lets through serves, everything else is kept with the reason."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from handlers.model_training import ModelTrainingHandler, ModelTrainingParams
from handlers.steps.results import FootballResult
from jobs.handler import Job
from jobs.testing import held_job, run_inline
from modeling.calibration import Calibration
from modeling.elo_logit import EloLogit
from modeling.gate_limits import GateLimits
from store.audit import list_changes
from store.models import ModelRow, activate, active_model, list_models
from store.tellings import tellings_of
from store.trainings import TrainingRow, list_trainings
from tests.handlers.conftest import LENIENT, Replayed

pytestmark = pytest.mark.anyio


async def trained(replayed: Replayed, params: ModelTrainingParams) -> FootballResult:
    _, result = await run_inline(replayed.database, replayed.settings, ModelTrainingHandler, params)
    return FootballResult.model_validate(result)


async def in_service(replayed: Replayed) -> ModelRow | None:
    async with replayed.database.read() as conn:
        return await active_model(conn, "football")


async def test_the_first_model_that_passes_serves_and_says_why(replayed: Replayed) -> None:
    model, training = await in_service(replayed), replayed.result.training
    assert model is not None
    assert training is not None
    assert training.outcome == "deployed"
    assert training.best == f"{model.name} {model.version}"
    assert model.reason == training.reason
    assert {check["name"] for check in training.checks} >= {"matches", "log_loss", "better_than_base_rates"}
    async with replayed.database.read() as conn:
        (change,) = await list_changes(conn, "model:football")
        (row,) = await list_trainings(conn)
        told = await tellings_of(conn, model.id)
    assert (change.action, change.details["version"]) == ("deployed", model.version)
    assert (row.outcome, row.best_model_id, row.checks) == ("deployed", model.id, training.checks)
    assert len(told) == row.validation_matches


async def test_a_model_that_is_no_better_than_the_one_in_service_is_refused(replayed: Replayed) -> None:
    before = await in_service(replayed)
    later = replayed.result.as_of + timedelta(hours=1)
    result = await trained(replayed, ModelTrainingParams(as_of=later, gate=LENIENT))
    assert result.training is not None
    assert (result.training.outcome, result.training.best) == ("refused", None)
    assert "than that of the model in service" in result.training.reason
    assert await in_service(replayed) == before
    async with replayed.database.read() as conn:
        refused = [model for model in await list_models(conn) if model.status == "refused"]
    assert [model.reason for model in refused] == [result.training.reason]


async def test_a_model_that_is_as_good_renews_one_that_has_grown_old(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": EloLogit})
    limits = LENIENT.model_copy(update={"standard_errors": 100.0, "renew_after_days": 1.0})
    older = replayed.result.as_of + timedelta(days=1, hours=1)
    training = (await trained(replayed, ModelTrainingParams(as_of=older, gate=limits))).training
    assert training is not None
    assert training.outcome == "deployed"
    assert "enough to renew a model that is 1 days older" in training.reason


# As good as what serves is good enough, and older.
RENEWED = LENIENT.model_copy(update={"standard_errors": 100.0, "renew_after_days": 0.0})


async def held_training(replayed: Replayed, **asked: bool) -> tuple[Job, ModelTrainingParams]:
    later = replayed.result.as_of + timedelta(days=1, hours=1)
    params = ModelTrainingParams(as_of=later, gate=RENEWED, **asked)
    return await held_job(replayed.database, replayed.settings, ModelTrainingHandler, params), params


async def kept_of(replayed: Replayed, job: Job) -> tuple[list[ModelRow], list[TrainingRow]]:
    async with replayed.database.read() as conn:
        models = await list_models(conn, job_id=job.id)
        return models, [row for row in await list_trainings(conn) if row.job_id == job.id]


@pytest.mark.parametrize(("dry_run", "outcome"), [(False, "deployed"), (True, "passed")])
async def test_a_job_that_is_repeated_trains_once_and_answers_the_same(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch, dry_run: bool, outcome: str
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": EloLogit})
    job, params = await held_training(replayed, dry_run=dry_run)
    first = await ModelTrainingHandler().run(params, job)
    kept = await kept_of(replayed, job)
    again = await ModelTrainingHandler().run(params, job)
    assert first.training is not None
    assert first.training.outcome == outcome
    assert again == first
    assert await kept_of(replayed, job) == kept


async def test_a_version_taken_out_of_service_does_not_predict_when_its_job_is_repeated(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": EloLogit})
    before = await in_service(replayed)
    assert before is not None
    job, params = await held_training(replayed)
    await ModelTrainingHandler().run(params, job)
    async with replayed.database.transaction() as conn:
        await activate(conn, before, "the better one after all")
    again = await ModelTrainingHandler().run(params, job)
    assert again.training is not None
    assert (again.training.outcome, again.training.best) == ("deployed", None)
    assert [model.status for model in again.models] == ["retired"]


async def test_two_attempts_of_a_job_that_train_at_once_publish_once(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": EloLogit})
    job, params = await held_training(replayed)
    first, second = await asyncio.gather(*(ModelTrainingHandler().run(params, job) for _ in range(2)))
    assert first == second
    models, trainings = await kept_of(replayed, job)
    assert [(model.name, model.status) for model in models] == [("elo_logit", "active")]
    assert [row.outcome for row in trainings] == ["deployed"]


class BrokenElo(EloLogit):
    """Writes what nobody can read."""

    def to_bytes(self, calibration: Calibration) -> bytes:
        return b"{}"


@pytest.mark.parametrize("force", [False, True])
async def test_a_model_that_cannot_be_loaded_is_refused_though_it_is_forced(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": BrokenElo})
    before = await in_service(replayed)
    as_good = LENIENT.model_copy(update={"standard_errors": 100.0, "renew_after_days": 0.0})
    later = replayed.result.as_of + timedelta(hours=1)
    result = await trained(replayed, ModelTrainingParams(as_of=later, gate=as_good, force_deploy=force))
    assert result.training is not None
    assert result.training.outcome == "refused"
    assert "it cannot be loaded: elo_logit: ArtifactUnusable" in result.training.reason
    assert await in_service(replayed) == before


async def test_a_model_in_service_whose_artifact_is_lost_is_replaced(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modeling.train.KINDS", {"elo_logit": EloLogit})
    before = await in_service(replayed)
    assert before is not None
    (Path(replayed.settings.artifacts) / before.artifact_sha256).unlink()
    later = replayed.result.as_of + timedelta(days=14)
    result = await trained(replayed, ModelTrainingParams(as_of=later, gate=LENIENT))
    assert result.training is not None
    assert result.training.outcome == "deployed"
    assert "the model in service cannot be loaded" in result.training.reason
    now = await in_service(replayed)
    assert now is not None
    assert now.name == "elo_logit"


async def test_too_few_matches_cannot_be_judged(replayed: Replayed) -> None:
    before = await in_service(replayed)
    result = await trained(replayed, ModelTrainingParams(as_of=replayed.result.as_of))
    assert result.training is not None
    assert result.training.outcome == "refused"
    assert "cannot judge on fewer than 380" in result.training.reason
    assert await in_service(replayed) == before


async def test_force_puts_a_refused_model_in_service_and_is_written_down(replayed: Replayed) -> None:
    before = await in_service(replayed)
    strict = GateLimits(fewest_matches=100, log_loss=0.5)
    params = ModelTrainingParams(as_of=replayed.result.as_of, gate=strict, force_deploy=True)
    result = await trained(replayed, params)
    now = await in_service(replayed)
    assert result.training is not None
    assert result.training.outcome == "forced"
    assert now is not None
    assert now != before
    assert str(now.reason).startswith("forced although: log loss")
    async with replayed.database.read() as conn:
        forced, _ = await list_changes(conn, "model:football")
        statuses = {model.id: model.status for model in await list_models(conn)}
    assert forced.action == "forced"
    assert before is not None
    assert statuses[before.id] == "retired"


async def test_a_dry_run_keeps_no_version_and_changes_nothing(replayed: Replayed) -> None:
    async with replayed.database.read() as conn:
        before = await list_models(conn)
    files = sorted(path.name for path in (replayed.settings.matchday_home.parent).rglob("*"))
    strictly_better = GateLimits(**{**LENIENT.model_dump(), "standard_errors": 0.0})
    params = ModelTrainingParams(as_of=replayed.result.as_of, gate=strictly_better, dry_run=True)
    result = await trained(replayed, params)
    assert result.models == []
    assert result.training is not None
    async with replayed.database.read() as conn:
        assert await list_models(conn) == before
        latest = (await list_trainings(conn))[0]
        assert (
            await conn.scalar(
                text(
                    "select count(*) from model_tellings t where not exists "
                    "(select from model_registry r where r.id = t.model_id)"
                )
            )
            == 0
        )
    assert (latest.is_dry_run, latest.best_model_id) == (True, None)
    assert sorted(path.name for path in (replayed.settings.matchday_home.parent).rglob("*")) == files
