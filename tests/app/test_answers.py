"""Shortcuts, predictions, models, pipelines, and what every answer has in common."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx2
import psycopg
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text

from app import state
from app.state import Web
from jobs.handler import HANDLERS
from jobs.service import submit
from store.database import Database
from store.matches import NewMatch, upsert_matches
from store.models import NewModelVersion, activate, add_version
from store.pipelines import complete_step, plan_steps, start_step
from store.predictions import NewPrediction, save_predictions
from tests.app import EchoHandler, EchoParams
from tests.app.conftest import client_of

pytestmark = pytest.mark.anyio
KICKOFF = datetime(2009, 5, 23, 13, 30, tzinfo=UTC)
AS_OF = datetime(2009, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "body", "job_type", "params"),
    [
        ("/api/run-pipeline", None, "data_pipeline", {"train_model": True}),
        ("/api/run-pipeline", {}, "data_pipeline", {"return_predictions": False}),
        (
            "/api/run-pipeline",
            {"history_days": 400, "train_model": False, "return_predictions": True, "refresh_token": True},
            "data_pipeline",
            {"history_days": 400, "train_model": False, "return_predictions": True, "refresh_token": True},
        ),
        (
            "/api/run-pipeline",
            {"as_of": "last_season", "leagues": ["D1"]},
            "data_pipeline",
            {"leagues": ["D1"]},
        ),
        (
            "/api/run-pipeline",
            {"as_of": "2009-01-01T00:00:00Z"},
            "data_pipeline",
            {"as_of": "2009-01-01T00:00:00Z"},
        ),
        (
            "/api/data/quick-refresh?refresh_token=true&return_predictions=true",
            None,
            "quick_data_refresh",
            {"refresh_token": True, "return_predictions": True},
        ),
        ("/api/data/quick-refresh", None, "quick_data_refresh", {"refresh_token": False}),
        ("/api/ml/generate-predictions", None, "prediction_generation", {"horizon_days": None}),
        ("/api/ml/generate-predictions", {"horizon_days": 3}, "prediction_generation", {"horizon_days": 3}),
        (
            "/api/ml/train?days_back=365&min_matches_per_player=5",
            None,
            "model_training",
            {"days_back": 365, "min_matches": 5, "sport": "football"},
        ),
    ],
)
async def test_a_shortcut_answers_with_its_job(
    client: httpx2.AsyncClient, path: str, body: object, job_type: str, params: dict[str, object]
) -> None:
    answer = await client.post(path) if body is None else await client.post(path, json=body)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["type"] == job_type
    assert job["params"].items() >= params.items()
    assert answer.headers["location"] == job["links"]["self"]


async def test_a_shortcut_without_arguments_has_the_defaults_of_its_job(client: httpx2.AsyncClient) -> None:
    for path, job_type in [
        ("/api/ml/train", "model_training"),
        ("/api/data/quick-refresh", "quick_data_refresh"),
    ]:
        job = (await client.post(path)).json()
        assert job["params"] == json.loads(HANDLERS[job_type].params().model_dump_json())


async def test_a_second_training_leads_to_the_first(client: httpx2.AsyncClient) -> None:
    first = (await client.post("/api/ml/train")).json()
    second = await client.post("/api/ml/train?days_back=100")
    assert second.status_code == 409
    assert second.headers["location"] == first["links"]["self"]


async def test_predictions_are_a_list_empty_before_and_full_after(
    client: httpx2.AsyncClient, database: Database
) -> None:
    assert (await client.get("/api/v1/predictions/league/D1")).json() == []
    await store_prediction(database)
    answer = await client.get("/api/v1/predictions/league/d1")
    [prediction] = answer.json()
    assert prediction["kickoff_at"] == "2009-05-23T13:30:00Z"
    assert (prediction["league"], prediction["home_team"], prediction["away_team"]) == (
        "D1",
        "Bayern",
        "Stuttgart",
    )
    assert (prediction["home"], prediction["draw"], prediction["away"]) == (0.5, 0.3, 0.2)
    assert prediction["pick"] == "home"
    assert prediction["model"] == {"name": "elo", "version": 1}
    assert prediction["as_of"] == "2009-05-20T00:00:00Z"


async def test_models_show_their_figures(client: httpx2.AsyncClient, database: Database) -> None:
    assert (await client.get("/api/models")).json() == {"items": []}
    await store_prediction(database)
    [model] = (await client.get("/api/models?sport=football")).json()["items"]
    assert (model["name"], model["version"], model["status"]) == ("elo", 1, "active")
    assert model["metrics"] == {"log_loss": 1.01}
    assert model["data_to"].endswith("Z")


async def test_a_pipeline_shows_its_steps(client: httpx2.AsyncClient, database: Database) -> None:
    job_id = await new_job(database)
    assert (await client.get(f"/api/pipelines/{job_id}")).json()["steps"] == []
    async with database.transaction() as conn:
        await plan_steps(conn, job_id, 1, ["ingest", "train"])
        await start_step(conn, job_id, "ingest")
        await complete_step(conn, job_id, "ingest", {"matches": 3})
    pipeline = (await client.get(f"/api/pipelines/{job_id}")).json()
    assert (pipeline["id"], pipeline["status"]) == (job_id, "pending")
    assert [(step["name"], step["status"]) for step in pipeline["steps"]] == [
        ("ingest", "completed"),
        ("train", "pending"),
    ]
    assert pipeline["steps"][0]["counts"] == {"matches": 3}
    assert pipeline["steps"][0]["seconds"] >= 0


async def test_options_and_head_are_answered(client: httpx2.AsyncClient) -> None:
    options = await client.options("/api/jobs")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert (await client.options("/nowhere")).status_code == 404
    head = await client.head("/api/jobs")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len((await client.get("/api/jobs")).content))


async def test_the_docs_load_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "/api/run-pipeline" in page.text
    assert "http" not in page.text
    assert "<script" not in page.text


async def test_an_unexpected_error_tells_only_the_request_id(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret=hunter2")

    async with client_of(app) as client:
        answer = await client.get("/broken", headers={"X-Request-ID": "req-9"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "req-9"
    assert answer.json() == {
        "type": "/problems/internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": "The request failed. Quote the request id when you report it.",
        "request_id": "req-9",
    }
    assert "hunter2" not in capsys.readouterr().out


async def test_a_statement_that_takes_too_long_is_a_passing_problem(app: FastAPI, database: Database) -> None:
    @app.get("/slow")
    async def slow() -> None:
        async with database.read() as conn:
            await conn.execute(text("set statement_timeout = 10"))
            await conn.execute(text("select pg_sleep(5)"))

    @app.get("/wrapped")
    async def wrapped() -> None:
        raise RuntimeError("a library's error") from psycopg.OperationalError("gone")

    async with client_of(app) as client:
        for path in ("/slow", "/wrapped"):
            answer = await client.get(path)
            assert answer.status_code == 503, path
            assert answer.json()["type"] == "/problems/database-unavailable"
            assert answer.headers["retry-after"] == "2"


async def test_a_slow_database_is_given_up_and_its_connections_come_back(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.get("/slow")
    async def slow(web: Web) -> None:
        async with web.read() as conn:
            await conn.execute(text("select pg_sleep(30)"))

    monkeypatch.setattr(state, "DATABASE_TIMEOUT", timedelta(milliseconds=100))
    async with client_of(app) as client:
        answers = await asyncio.gather(*(client.get("/slow") for _ in range(12)))
        monkeypatch.undo()
        assert {answer.status_code for answer in answers} == {503}
        assert (await client.get("/api/jobs")).status_code == 200


async def test_a_stopping_process_fails_its_probe_and_starts_no_stream(
    client: httpx2.AsyncClient, app: FastAPI, database: Database
) -> None:
    job_id = await new_job(database)
    app.state.web.drain()
    for path in ("/ready", f"/api/jobs/{job_id}/events"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-ready")
        assert "stopping" in answer.json()["detail"]
    assert (await client.get("/live")).status_code == 200
    assert (await client.get(f"/api/jobs/{job_id}")).status_code == 200


async def test_a_request_is_one_log_line_and_a_probe_none(client: httpx2.AsyncClient) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        await client.get("/live")
        await client.get("/ready")
        await client.get("/api/jobs/7", headers={"X-Request-ID": "req-3"})
    [line] = lines
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/jobs/{job_id}",
        404,
    )
    assert line["request_id"] == "req-3"
    assert line["ms"] >= 0


async def new_job(database: Database) -> int:
    async with database.transaction() as conn:
        return await submit(conn, EchoHandler, EchoParams())


async def store_prediction(database: Database) -> None:
    job_id = await new_job(database)
    fixture = NewMatch("D1", "2008-09", KICKOFF, True, "Bayern", "Stuttgart", None, None, None, "test")
    version = NewModelVersion(
        sport="football", name="elo", features=["elo"], parameters={}, metrics={"log_loss": 1.01},
        training_matches=10, validation_matches=5, data_from=AS_OF, data_to=AS_OF, as_of=AS_OF,
        artifact_sha256="0" * 64, artifact_format="json", code_revision="test", job_id=job_id, importance={},
    )  # fmt: skip
    async with database.transaction() as conn:
        await upsert_matches(conn, [fixture])
        match_id = await conn.scalar(text("select id from matches"))
        model = await add_version(conn, version)
        await activate(conn, model, "better")
        prediction = NewPrediction(match_id, model.id, AS_OF, 0.5, 0.3, 0.2, "home")
        await save_predictions(conn, job_id, [prediction])
