"""The header Idempotency-Key: the same request again has the first answer and adds nothing."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send

from app.idempotency import Once
from app.main import create_app
from config.settings import Settings
from store.database import Database
from tests.app.conftest import client_of

pytestmark = pytest.mark.anyio
JOBS = "/api/jobs"
NEW_JOB = {"type": "test_echo", "params": {"count": 3}}
REPLAYED = "idempotency-replayed"


async def post(
    client: httpx2.AsyncClient, key: str, path: str = JOBS, body: Any = NEW_JOB
) -> httpx2.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


async def stored(database: Database, table: str = "procrastinate_jobs") -> int:
    async with database.read() as conn:
        return int(await conn.scalar(text(f"select count(*) from {table}")) or 0)


async def test_the_same_request_again_gets_the_same_answer(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first = await post(client, "k-1")
    again = await post(client, "k-1")
    assert first.status_code == again.status_code == 202
    assert again.content == first.content
    for name in ("location", "retry-after", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
    assert await stored(database) == 1


async def test_other_keys_and_no_key_add_jobs(client: httpx2.AsyncClient, database: Database) -> None:
    for key in ("k-1", "k-2"):
        assert (await post(client, key)).status_code == 202
    for _ in range(2):
        assert (await client.post(JOBS, json=NEW_JOB)).status_code == 202
    assert await stored(database) == 4
    assert await stored(database, "idempotency_keys") == 2


async def test_a_key_in_quotes_is_the_same_key(client: httpx2.AsyncClient, database: Database) -> None:
    first = await post(client, '"k-1"')
    assert (await post(client, "k-1")).json() == first.json()
    assert await stored(database) == 1


async def test_the_answer_is_the_first_one_whatever_became_of_the_job(client: httpx2.AsyncClient) -> None:
    first = (await post(client, "k-1")).json()
    await client.post(f"{first['links']['self']}/cancel")
    assert (await post(client, "k-1")).json()["status"] == "pending"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {"type": "test_echo", "params": {"count": 4}}),
        ("/api/jobs/batch", {"jobs": [NEW_JOB]}),
        ("/api/run-pipeline", {}),
    ],
)
async def test_a_key_with_another_request_is_refused(
    client: httpx2.AsyncClient, database: Database, path: str, body: object
) -> None:
    await post(client, "k-1")
    answer = await post(client, "k-1", path, body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/key-reused"
    assert [error["pointer"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert await stored(database) == 1
    assert (await client.get("/problems/key-reused")).status_code == 200


@pytest.mark.parametrize("path", ["/api/data/quick-refresh", "/api/ml/train"])
async def test_the_query_belongs_to_the_request(client: httpx2.AsyncClient, path: str) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await client.post(path, headers=headers)
    assert (await client.post(path, headers=headers)).json() == first.json()
    name = "refresh_token=true" if "refresh" in path else "days_back=100"
    assert (await client.post(f"{path}?{name}", headers=headers)).status_code == 422


async def test_the_short_path_is_the_same_request(client: httpx2.AsyncClient, database: Database) -> None:
    first = await post(client, "k-1")
    assert (await post(client, "k-1", "/jobs")).json() == first.json()
    assert await stored(database) == 1


async def test_a_batch_again_gets_the_same_ids(client: httpx2.AsyncClient, database: Database) -> None:
    first = await post(client, "k-1", "/api/jobs/batch", {"jobs": [NEW_JOB] * 3})
    again = await post(client, "k-1", "/api/jobs/batch", {"jobs": [NEW_JOB] * 3})
    assert again.content == first.content
    assert again.headers[REPLAYED] == "true"
    assert await stored(database) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "nope"}, 422),
        ({"type": "test_echo", "params": {"count": 99}}, 422),
        ({"type": "test_echo", "params": {"label": "taken"}}, 409),
    ],
)
async def test_a_refused_request_stores_nothing(
    client: httpx2.AsyncClient, database: Database, body: object, status: int
) -> None:
    await client.post(JOBS, json={"type": "test_echo", "params": {"label": "taken"}})
    assert (await post(client, "k-1", body=body)).status_code == status
    assert await stored(database, "idempotency_keys") == 0
    assert (await post(client, "k-1")).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Idempotency-Key", b"")],
        [(b"Idempotency-Key", b'""')],
        [(b"Idempotency-Key", b"a b")],
        [(b"Idempotency-Key", b"\xe9")],
        [(b"Idempotency-Key", b"x" * 256)],
        [(b"Idempotency-Key", b"one"), (b"Idempotency-Key", b"two")],
    ],
)
async def test_a_key_of_another_form_is_refused(
    client: httpx2.AsyncClient, database: Database, headers: list[tuple[bytes, bytes]]
) -> None:
    answer = await client.post(JOBS, json=NEW_JOB, headers=headers)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert await stored(database) == 0


async def test_the_longest_key_is_taken(client: httpx2.AsyncClient) -> None:
    assert (await post(client, "~" * 255)).status_code == 202


async def test_fifty_clients_with_one_key_get_one_job(server: str, database: Database) -> None:
    async with httpx2.AsyncClient(base_url=server, limits=httpx2.Limits(max_connections=50)) as client:
        answers = await asyncio.gather(*(post(client, "k-1") for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {202: 50}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert await stored(database) == 1


async def test_a_key_whose_request_is_under_way_is_told_to_come_back(
    client: httpx2.AsyncClient, database: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("insert into idempotency_keys (key, fingerprint) values ('k-1', %s)", [b"x" * 32])
        answer = await post(client, "k-1")
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/key-in-use"
        assert int(answer.headers["retry-after"]) > 0
        other.rollback()
    assert (await post(client, "k-1")).status_code == 202
    assert await stored(database) == 1


async def test_a_request_that_waited_for_the_first_gets_its_answer(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    first = (await post(client, "k-1")).json()
    with psycopg.connect(database_url) as other:
        # As if the first request had added its job and not committed yet.
        other.execute("update idempotency_keys set key = 'k-2' where key = 'k-1'")
        waiting = asyncio.create_task(post(client, "k-2"))
        while not other.execute("select 1 from pg_locks where not granted").fetchone():
            assert not waiting.done()
            await asyncio.sleep(0.01)
        other.commit()
        answer = await waiting
    assert (answer.status_code, answer.json()["id"]) == (202, first["id"])


async def test_an_answer_that_was_lost_after_the_commit_is_given_again(
    app: FastAPI, settings: Settings, database: Database
) -> None:
    async def dying(scope: Scope, receive: Receive, send: Send) -> None:
        async def lose(message: Message) -> None:
            raise ConnectionResetError

        await app(scope, receive, lose)

    dead = httpx2.AsyncClient(transport=httpx2.ASGITransport(dying), base_url="http://matchday")
    async with app.router.lifespan_context(app), dead:
        with pytest.raises(ConnectionResetError):
            await post(dead, "k-1")
    async with database.read() as conn:
        [job_id] = await conn.scalars(text("select id from procrastinate_jobs"))
    async with client_of(create_app(settings)) as client:
        again = await post(client, "k-1")
    assert (again.status_code, again.json()["id"]) == (202, job_id)
    assert await stored(database) == 1


async def test_a_key_counts_for_a_day(client: httpx2.AsyncClient, database: Database) -> None:
    first = (await post(client, "k-1")).json()
    async with database.transaction() as conn:
        await conn.execute(
            text("update idempotency_keys set created_at = created_at - interval '23 hours 59 minutes'")
        )
    assert (await post(client, "k-1")).json() == first
    async with database.transaction() as conn:
        await conn.execute(text("update idempotency_keys set created_at = created_at - interval '2 minutes'"))
    later = await post(client, "k-1", body={"type": "test_echo"})
    assert later.status_code == 202
    assert later.json()["id"] != first["id"]


async def test_every_route_that_adds_a_job_takes_a_key(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    taking = {
        path
        for path, operations in paths.items()
        for parameter in operations.get("post", {}).get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    }
    assert taking >= {
        "/api/jobs",
        "/api/jobs/batch",
        "/api/run-pipeline",
        "/api/data/quick-refresh",
        "/api/ml/generate-predictions",
        "/api/ml/train",
    }


async def test_without_a_key_nothing_is_kept(database: Database) -> None:
    async with database.transaction() as conn:
        await Once().begin(conn)
    assert await stored(database, "idempotency_keys") == 0
