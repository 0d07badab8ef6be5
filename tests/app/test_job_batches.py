"""Many jobs in one request: all or none, in order, every fault pointed at."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.routes import job_batches
from jobs.handler import Handler, Job, JobParams, Limit
from store.database import Database
from tests.app import moment

pytestmark = pytest.mark.anyio
BATCH = "/api/jobs/batch"
JSON = {"Content-Type": "application/json"}


class LimitedHandler(Handler[JobParams]):
    """Two of these may run at once."""

    job_type = "test_limited_batch"
    queue = "echo"

    def limit(self, params: JobParams) -> Limit:
        return Limit("test_limited_batch", at_once=2)

    async def run(self, params: JobParams, job: Job) -> None:
        return None


def echo(label: str = "", **members: object) -> dict[str, object]:
    return {"type": "test_echo", "params": {"label": label}, **members}


async def add(client: httpx2.AsyncClient, *jobs: object) -> httpx2.Response:
    return await client.post(BATCH, json={"jobs": jobs})


async def count(database: Database) -> int:
    async with database.read() as conn:
        return int(await conn.scalar(text("select count(*) from procrastinate_jobs")) or 0)


def pointers(answer: httpx2.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_jobs_of_any_kind_are_added_in_the_order_of_the_request(
    client: httpx2.AsyncClient, database: Database
) -> None:
    later = "2030-01-01T12:00:00+02:00"
    answer = await client.post(
        BATCH,
        json={
            "jobs": [
                echo("a", priority=5),
                {"type": "cleanup", "params": {"older_than_days": 3}},
                echo("b", run_after=later),
                echo(priority=-5),
                {"type": "test_limited_batch"},
            ]
        },
        headers={"X-Requested-By": "ops", "X-Request-ID": "req-7"},
    )
    assert answer.status_code == 202, answer.text
    ids = answer.json()["ids"]
    assert answer.json() == {"ids": sorted(ids), "count": 5}
    assert answer.headers["retry-after"] == "1"
    jobs = [(await client.get(f"/api/jobs/{job_id}")).json() for job_id in ids]
    assert [(job["type"], job["priority"], job["queue"]) for job in jobs] == [
        ("test_echo", 5, "echo"),
        ("cleanup", 0, "default"),
        ("test_echo", 0, "echo"),
        ("test_echo", -5, "echo"),
        ("test_limited_batch", 0, "echo"),
    ]
    assert [job["params"].get("label") for job in jobs] == ["a", None, "b", "", None]
    assert jobs[1]["params"] == {"older_than_days": 3.0, "predictions_older_than_days": 7.0}
    assert moment(jobs[2]["run_after"]) == moment(later)
    assert {job["requested_by"] for job in jobs} == {"ops"}
    async with database.transaction() as conn:
        assert (
            await conn.scalar(text("select args #>> '{meta,request_id}' from procrastinate_jobs")) == "req-7"
        )
        ready = list(await conn.scalars(text("select id from fetch_jobs(null, null, null, null, 10)")))
    assert sorted(ready) == [ids[0], ids[1], ids[3]]  # one waits for its time, one for its limit


async def test_limited_jobs_of_a_batch_are_let_in_as_their_limit_allows(
    client: httpx2.AsyncClient, database: Database
) -> None:
    ids = (await add(client, *[{"type": "test_limited_batch"}] * 3)).json()["ids"]
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
        taken = await conn.scalars(text("select id from fetch_jobs(null, null, null, null, 10)"))
        assert sorted(taken) == ids[:2]


async def test_ten_thousand_jobs_are_added_by_one_request(
    client: httpx2.AsyncClient, database: Database
) -> None:
    body = json.dumps({"jobs": [echo(priority=n % 3) for n in range(10_000)]}).encode()
    answer = await client.post(BATCH, content=body, headers=JSON)
    assert answer.status_code == 202, answer.text
    ids = answer.json()["ids"]
    assert len(ids) == answer.json()["count"] == await count(database) == 10_000
    assert ids == sorted(set(ids))


async def test_the_batch_may_be_larger_than_other_bodies_but_not_too_large(
    client: httpx2.AsyncClient, database: Database
) -> None:
    padded = json.dumps({"jobs": [echo("x" * 20)]}) + " " * 5_000_000
    assert (await client.post(BATCH, content=padded.encode(), headers=JSON)).status_code == 202
    answer = await client.post(BATCH, content=b" " * 10_000_001, headers=JSON)
    assert (answer.status_code, answer.json()["max_bytes"]) == (413, 10_000_000)
    assert await count(database) == 1


async def test_one_wrong_job_and_nothing_is_added(client: httpx2.AsyncClient, database: Database) -> None:
    jobs: list[Any] = [echo() for _ in range(20)]
    jobs[17] = {"type": "test_echo", "params": {"x": 1, "count": "3"}, "priority": 1_000}
    jobs[18] = {"type": "nope"}
    jobs[19] = 7
    answer = await add(client, *jobs)
    assert answer.status_code == 422
    assert set(pointers(answer)) == {
        "/jobs/17/priority",
        "/jobs/17/params/x",
        "/jobs/17/params/count",
        "/jobs/18/type",
        "/jobs/19",
    }
    assert await count(database) == 0


async def test_of_very_many_faults_the_first_hundred_are_told(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await add(client, *[{"type": "test_echo", "params": {"count": -1}}] * 1_000)
    assert pointers(answer) == [f"/jobs/{n}/params/count" for n in range(100)]
    assert await count(database) == 0


@pytest.mark.parametrize(
    ("body", "pointer", "word"),
    [
        (b"", "", "dictionary"),
        (b"[]", "", "dictionary"),
        (b"{}", "/jobs", "required"),
        (b'{"jobs": []}', "/jobs", "at least 1"),
        (b'{"jobs": {}}', "/jobs", "list"),
        (b'{"jobs": [{"type": "test_echo"}], "all": 1}', "/all", "allowed: jobs"),
        (b'{"jobs": [' + b"{}," * 10_000 + b"{}]}", "/jobs", "10000"),
        (b'{"jobs": [{"type": "test_echo", "params": {"ratio": NaN}}]}', "/jobs/0/params/ratio", "finite"),
        (b'{"jobs": [' + b"1," * 1_000_001 + b"1]}", "", "1,000,000"),
        (b'{"jobs": [{"type": "test_echo", "when": 1}]}', "/jobs/0/when", "allowed: type, params"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_by_name(
    client: httpx2.AsyncClient, database: Database, body: bytes, pointer: str, word: str
) -> None:
    answer = await client.post(BATCH, content=body, headers=JSON)
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert word in answer.json()["errors"][0]["message"]
    assert await count(database) == 0


async def test_one_job_whose_work_is_queued_already_and_nothing_is_added(
    client: httpx2.AsyncClient, database: Database
) -> None:
    active = (await client.post("/api/jobs", json=echo("b"))).json()["id"]
    answer = await add(client, echo("a"), echo(), echo("b"), echo("c"))
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["type"], problem["index"], problem["job_id"]) == ("/problems/already-active", 2, active)
    assert pointers(answer) == ["/jobs/2"]
    assert f"job {active}" in problem["detail"]
    assert answer.headers["location"] == f"/api/jobs/{active}"
    assert await count(database) == 1


async def test_the_same_work_twice_in_one_batch_and_nothing_is_added(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await add(client, echo("a"), echo("b"), echo("a"))
    assert answer.status_code == 409
    assert (answer.json()["index"], answer.json()["job_id"]) == (2, None)
    assert "job 0 of this batch" in answer.json()["detail"]
    assert await count(database) == 0


async def test_of_two_batches_with_the_same_work_at_once_one_is_added(
    client: httpx2.AsyncClient, database: Database
) -> None:
    labels = [f"l{n}" for n in range(500)]
    answers = await asyncio.gather(*(add(client, *map(echo, labels)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert await count(database) == 500


async def test_too_many_batches_at_once_are_told_to_come_back(
    client: httpx2.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_batches, "SECONDS_FOR_A_TURN", 0.05)
    async with asyncio.timeout(10):
        for _ in range(4):
            await app.state.web.batches.acquire()
    answer = await add(client, echo())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/too-many-batches")
    assert answer.headers["retry-after"] == "2"
    app.state.web.batches.release()
    assert (await add(client, echo())).status_code == 202
    assert (await add(client, echo())).status_code == 202  # the place was given back


async def test_a_body_that_does_not_end_gives_its_place_back(
    server: str, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_batches, "SECONDS_FOR_A_BATCH", 0.2)
    monkeypatch.setattr(job_batches, "SECONDS_FOR_A_TURN", 0.05)
    app.state.web.batches = asyncio.Semaphore(1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.rpartition(":")[2]))
    head = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    writer.write(head.encode() + b'{"jobs": [')
    answer = await reader.readuntil(b"body-too-slow")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408 ")
    async with httpx2.AsyncClient(base_url=server) as client:
        assert (await add(client, echo())).status_code == 202  # its place was given back


async def test_the_schema_of_a_batch_says_what_a_job_is(client: httpx2.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"][BATCH]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["jobs"]["maxItems"] == 10_000
    assert "run_after" in body["schema"]["properties"]["jobs"]["items"]["properties"]
    assert (await client.post(BATCH, json=body["example"])).status_code == 202
