"""Model versions are numbered, immutable, and at most one of a sport is active."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.database import Database
from store.matches import upsert_matches
from store.models import (
    ModelRow,
    NewModelVersion,
    activate,
    active_model,
    add_version,
    importance_of,
    list_models,
    lock_registry,
)
from store.predictions import NewPrediction, count_predictions, league_predictions, save_predictions
from tests.store.test_matches import FIXTURE, KICKOFF

pytestmark = pytest.mark.anyio

NEW = NewModelVersion(
    sport="football",
    name="elo_logit",
    features=["elo_difference"],
    parameters={"k": 20},
    metrics={"log_loss": 0.98},
    training_matches=1000,
    validation_matches=380,
    data_from=datetime(2010, 1, 1, tzinfo=UTC),
    data_to=datetime(2020, 1, 1, tzinfo=UTC),
    as_of=datetime(2020, 1, 2, tzinfo=UTC),
    artifact_sha256="a" * 64,
    artifact_format="json",
    code_revision="test",
    job_id=1,
    importance={"elo_difference": 0.75, "rest": 0.25},
)


async def added(database: Database, new: NewModelVersion, *, serve: bool = False) -> ModelRow:
    async with database.transaction() as conn:
        await lock_registry(conn, new.sport)
        model = await add_version(conn, new)
        if serve:
            await activate(conn, model, "better")
    return model


async def test_versions_are_numbered_by_model(database: Database) -> None:
    first, second = await added(database, NEW), await added(database, NEW)
    other = await added(database, replace(NEW, name="random_forest"))
    assert [model.version for model in (first, second, other)] == [1, 2, 1]
    assert {model.status for model in (first, second, other)} == {"candidate"}
    async with database.read() as conn:
        assert [model.id for model in await list_models(conn)] == [other.id, second.id, first.id]
        assert await importance_of(conn, first.id) == NEW.importance


async def test_activation_retires_the_version_before(database: Database) -> None:
    first = await added(database, NEW, serve=True)
    second = await added(database, replace(NEW, name="random_forest"), serve=True)
    async with database.read() as conn:
        active = await active_model(conn, "football")
        statuses = {model.id: model.status for model in await list_models(conn)}
    assert active is not None
    assert active.id == second.id
    assert statuses == {first.id: "retired", second.id: "active"}


async def test_a_replay_of_the_past_does_not_hide_what_was_predicted_later(database: Database) -> None:
    model = await added(database, NEW)
    now = NewPrediction(1, model.id, KICKOFF - timedelta(days=1), 0.5, 0.3, 0.2, "home")
    async with database.transaction() as conn:
        await upsert_matches(conn, [FIXTURE])
        await save_predictions(conn, 7, [now])
        await save_predictions(conn, 8, [replace(now, as_of=KICKOFF - timedelta(days=300))])
        (row,) = await league_predictions(conn, "E0")
    assert row.job_id == 7


async def test_predictions_are_those_of_the_latest_job_that_predicted_the_league(database: Database) -> None:
    model = await added(database, NEW)
    async with database.transaction() as conn:
        await upsert_matches(conn, [FIXTURE, replace(FIXTURE, away_team="Burnley")])
        (one, two) = [
            NewPrediction(match_id, model.id, KICKOFF - timedelta(days=1), 0.5, 0.3, 0.2, "home")
            for match_id in (1, 2)
        ]
        await save_predictions(conn, 7, [one, two])
        assert await league_predictions(conn, "D1") == []
        assert await save_predictions(conn, 8, [replace(one, home=0.2, away=0.5, pick="away")]) == 1
        latest = await league_predictions(conn, "E0")
        assert await count_predictions(conn, 7) == 1
        assert await save_predictions(conn, 9, []) == 0
    assert [(row.match_id, row.away, row.pick, row.model_name) for row in latest] == [
        (1, 0.5, "away", "elo_logit")
    ]
