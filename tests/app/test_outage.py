"""Without a database the process lives, says so, and is well again by itself when the database is back."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.main import create_app
from config.settings import Settings
from tests.app.conftest import client_of
from tests.app.gate import Gate

pytestmark = pytest.mark.anyio
NEW_JOB = {"type": "test_echo"}


@pytest.fixture
async def client(gate: Gate, clean_database: None, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(_env_file=None, database_url=gate.url, matchday_home=tmp_path)
    async with client_of(create_app(settings)) as client:
        yield client


async def check_outage(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/live")).json() == {"status": "pass"}
    refused = [
        await client.get("/ready"),
        await client.get("/health"),
        await client.get("/api/jobs"),
        await client.get("/api/jobs/1/events"),
        await client.get("/api/v1/predictions/league/D1"),
        await client.post("/api/jobs", json=NEW_JOB),
        await client.post("/api/run-pipeline"),
        await client.post("/api/jobs", json=NEW_JOB, headers={"Idempotency-Key": "k-1"}),
        await client.post("/api/jobs/batch", json={"jobs": [NEW_JOB]}),
        await client.post("/api/jobs/cancel", json={"type": "test_echo"}),
        await client.delete("/api/jobs/cleanup"),
        await client.get("/api/queues"),
        await client.post("/api/queues/cpu/pause"),
        await client.get("/api/workers"),
    ]
    assert [answer.status_code for answer in refused] == [503] * len(refused)
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert "password" not in "".join(answer.text for answer in refused)


async def check_service(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/ready")).status_code == 200
    job = (await client.post("/api/jobs", json=NEW_JOB)).json()
    assert (await client.get(job["links"]["self"])).status_code == 200


async def test_the_process_starts_without_a_database_and_finds_it(
    client: httpx2.AsyncClient, gate: Gate
) -> None:
    await check_outage(client)
    await gate.open()
    await check_service(client)


async def test_the_process_survives_the_loss_of_its_database(client: httpx2.AsyncClient, gate: Gate) -> None:
    await gate.open()
    await check_service(client)
    await gate.shut()
    await check_outage(client)
    await gate.open()
    await check_service(client)


async def test_bad_input_is_told_even_without_a_database(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/jobs", json={"type": "nope"})).status_code == 422
    assert (await client.get("/api/jobs/types")).status_code == 200


async def test_the_deep_report_shows_the_outage(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/system/health")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    report = answer.json()
    assert report["status"] == "fail"
    assert report["checks"]["database:latency"]["output"] == "the database cannot be reached"
    assert report["checks"]["process:memory"]["status"] == "pass"
