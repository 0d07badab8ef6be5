"""Pipelines over HTTP: a graph of jobs is added, shown, cancelled and resumed; every fault is pointed at."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from store.database import Database
from tests.engine.graphs import end, take

pytestmark = pytest.mark.anyio
PIPELINES = "/api/pipelines"


def step(name: str, *after: str, label: str = "", **members: object) -> dict[str, object]:
    return {"name": name, "type": "test_echo", "params": {"label": label}, "after": list(after), **members}


DIAMOND = [step("a"), step("b", "a", priority=5), step("c", "a"), step("d", "b", "c")]


async def add(client: httpx2.AsyncClient, *steps: object, **headers: str) -> httpx2.Response:
    return await client.post(PIPELINES, json={"steps": steps}, headers=headers)


async def added(client: httpx2.AsyncClient, *steps: object) -> tuple[int, dict[str, int]]:
    """The pipeline's id, and those of its steps."""
    answer = await add(client, *steps)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"], {one["name"]: one["job_id"] for one in answer.json()["steps"]}


async def shown(client: httpx2.AsyncClient, pipeline_id: int, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"{PIPELINES}/{pipeline_id}{query}")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def states(client: httpx2.AsyncClient, pipeline_id: int) -> tuple[str, list[str]]:
    """Of the whole, and of its steps."""
    pipeline = await shown(client, pipeline_id)
    return pipeline["status"], [one["status"] for one in pipeline["steps"]]


async def finish(
    database: Database, *ids: int, outcome: str = "completed", result: str | None = None
) -> None:
    async with database.transaction() as conn:
        await take(conn)
        for job_id in ids:
            await end(conn, job_id, outcome, result)


async def count(database: Database) -> int:
    async with database.read() as conn:
        return int(await conn.scalar(text("select count(*) from procrastinate_jobs")) or 0)


def pointers(answer: httpx2.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_a_pipeline_is_added_and_shown_as_a_graph(client: httpx2.AsyncClient) -> None:
    answer = await add(client, *DIAMOND, **{"X-Requested-By": "ops"})
    pipeline = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PIPELINES}/{pipeline['id']}"
    assert answer.headers["retry-after"] == "1"
    assert (pipeline["type"], pipeline["status"]) == ("pipeline", "pending")
    assert [(one["name"], one["position"], one["type"], one["after"]) for one in pipeline["steps"]] == [
        ("a", 1, "test_echo", []),
        ("b", 2, "test_echo", ["a"]),
        ("c", 3, "test_echo", ["a"]),
        ("d", 4, "test_echo", ["b", "c"]),
    ]
    assert pipeline["steps"][0]["job_id"] == pipeline["id"]
    assert await shown(client, pipeline["id"]) == pipeline
    job = (await client.get(f"/api/jobs/{pipeline['steps'][1]['job_id']}")).json()
    assert (job["priority"], job["requested_by"], job["status"]) == (5, "ops", "pending")


async def test_the_whole_is_what_its_steps_are(client: httpx2.AsyncClient, database: Database) -> None:
    pipeline, ids = await added(client, *DIAMOND)
    await finish(database)
    assert await states(client, pipeline) == ("running", ["running", "pending", "pending", "pending"])
    await finish(database, ids["a"], result='{"rows": 3}')
    assert await states(client, pipeline) == ("running", ["completed", "pending", "pending", "pending"])
    await finish(database, ids["b"], outcome="failed")
    assert await states(client, pipeline) == ("running", ["completed", "failed", "running", "cancelled"])
    await finish(database, ids["c"])
    assert await states(client, pipeline) == ("failed", ["completed", "failed", "completed", "cancelled"])
    [first, *_] = (await shown(client, pipeline))["steps"]
    assert (first["attempt"], first["progress"], first["result"]) == (1, 1, None)
    assert first["seconds"] >= 0
    assert (await shown(client, pipeline, "?results=true"))["steps"][0]["result"] == {"rows": 3}


async def test_any_step_leads_to_its_pipeline(client: httpx2.AsyncClient) -> None:
    pipeline, ids = await added(client, *DIAMOND)
    assert await shown(client, ids["c"]) == await shown(client, pipeline)


async def test_a_failed_pipeline_is_resumed(client: httpx2.AsyncClient, database: Database) -> None:
    pipeline, ids = await added(client, *DIAMOND)
    await finish(database, ids["a"])
    await finish(database, ids["b"], outcome="failed")
    answer = await client.post(f"{PIPELINES}/{pipeline}/retry")
    assert (answer.status_code, answer.headers["location"]) == (202, f"{PIPELINES}/{pipeline}")
    assert await states(client, pipeline) == ("running", ["completed", "pending", "running", "pending"])
    await finish(database, ids["b"], ids["c"])
    await finish(database, ids["d"])
    assert await states(client, pipeline) == ("completed", ["completed"] * 4)
    refused = await client.post(f"{PIPELINES}/{pipeline}/retry")
    assert (refused.status_code, refused.json()["job_status"]) == (409, "completed")


async def test_retrying_one_step_puts_back_what_waits_for_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    pipeline, ids = await added(client, *DIAMOND)
    await finish(database, ids["a"], outcome="failed")
    refused = await client.post(f"/api/jobs/{ids['b']}/retry")
    assert refused.status_code == 409
    assert f"waits for job {ids['a']}" in refused.json()["detail"]
    assert (await client.post(f"/api/jobs/{ids['a']}/retry")).status_code == 202
    assert await states(client, pipeline) == ("pending", ["pending"] * 4)


async def test_a_pipeline_is_cancelled_as_a_whole(client: httpx2.AsyncClient, database: Database) -> None:
    pipeline, ids = await added(client, *DIAMOND)
    await finish(database, ids["a"])
    async with database.transaction() as conn:
        assert await take(conn, 1) == [ids["b"]]
    answer = await client.post(f"{PIPELINES}/{ids['d']}/cancel")
    assert answer.status_code == 202
    assert [(one["status"], one["cancel_requested"]) for one in answer.json()["steps"]] == [
        ("completed", False),
        ("running", True),
        ("cancelled", False),
        ("cancelled", False),
    ]
    await finish(database, ids["b"], outcome="cancelled")
    assert (await states(client, pipeline))[0] == "cancelled"
    refused = await client.post(f"{PIPELINES}/{pipeline}/cancel")
    assert (refused.status_code, refused.json()["job_status"]) == (409, "cancelled")


async def test_a_step_held_by_its_handler_is_left_and_the_others_are_cancelled(
    client: httpx2.AsyncClient, database: Database
) -> None:
    pipeline, ids = await added(client, *DIAMOND, step("e"))
    await finish(database)
    async with database.transaction() as conn:
        await conn.execute(text("select from jobs_active where id = :id for share"), {"id": ids["a"]})
        answer = await client.post(f"{PIPELINES}/{pipeline}/cancel")
    assert [(one["status"], one["cancel_requested"]) for one in answer.json()["steps"]] == [
        ("running", False),
        *[("cancelled", False)] * 3,
        ("running", True),
    ]
    again = (await client.post(f"{PIPELINES}/{pipeline}/cancel")).json()
    assert again["steps"][0]["cancel_requested"]


async def test_a_job_with_steps_of_its_own_is_cancelled_and_retried_here_too(
    client: httpx2.AsyncClient,
) -> None:
    job_id = (await client.post("/api/run-pipeline")).json()["id"]
    cancelled = await client.post(f"{PIPELINES}/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    retried = await client.post(f"{PIPELINES}/{job_id}/retry")
    assert (retried.json()["type"], retried.json()["status"]) == ("data_pipeline", "pending")


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_an_unknown_pipeline_is_not_found(client: httpx2.AsyncClient, action: str) -> None:
    answer = await client.post(f"{PIPELINES}/7/{action}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/job-not-found")


async def test_the_same_request_again_adds_no_second_pipeline(
    client: httpx2.AsyncClient, database: Database
) -> None:
    first = await add(client, *DIAMOND, **{"Idempotency-Key": "k-1"})
    again = await add(client, *DIAMOND, **{"Idempotency-Key": "k-1"})
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(database) == 4


@pytest.mark.parametrize(
    ("body", "pointer", "word"),
    [
        (None, "", "dictionary"),
        ([], "", "dictionary"),
        ({}, "/steps", "required"),
        ({"steps": []}, "/steps", "at least 1"),
        ({"steps": {}}, "/steps", "list"),
        ({"steps": [step("a")], "all": 1}, "/all", "allowed: steps"),
        ({"steps": [step(f"s{n}") for n in range(501)]}, "/steps", "500"),
        ({"steps": [7]}, "/steps/0", "dictionary"),
        ({"steps": [{"type": "test_echo"}]}, "/steps/0/name", "required"),
        ({"steps": [step("a b")]}, "/steps/0/name", "pattern"),
        ({"steps": [step("a" * 65)]}, "/steps/0/name", "pattern"),
        ({"steps": [step("a", type="nope")]}, "/steps/0/type", "data_pipeline"),
        ({"steps": [step("a", when=1)]}, "/steps/0/when", "allowed: type"),
        ({"steps": [step("a", after="b")]}, "/steps/0/after", "list"),
        ({"steps": [step("a", after=[1])]}, "/steps/0/after/0", "string"),
        ({"steps": [step("a"), step("b", "a", "x")]}, "/steps/1/after/1", "no step named x"),
        ({"steps": [step("a"), step("b", "a", "a")]}, "/steps/1/after/1", "already"),
        ({"steps": [step("a", "b"), step("b", "a")]}, "/steps/0/after", "wait for each other"),
    ],
)
async def test_a_body_that_is_no_pipeline_is_refused_by_name(
    client: httpx2.AsyncClient, database: Database, body: object, pointer: str, word: str
) -> None:
    answer = await client.post(PIPELINES, json=body)
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert word in answer.json()["errors"][0]["message"]
    assert await count(database) == 0


async def test_every_fault_of_every_step_is_told(client: httpx2.AsyncClient) -> None:
    faulty = [
        step("a", params={"count": "3", "x": 1}),
        step("a", "z", priority=1_000),
        step("b", type="nope"),
    ]
    assert set(pointers(await add(client, *faulty))) == {
        "/steps/0/params/count", "/steps/0/params/x", "/steps/0/name", "/steps/1/name", "/steps/1/after/0",
        "/steps/1/priority", "/steps/2/type",
    }  # fmt: skip


async def test_a_step_whose_work_is_queued_already_and_nothing_is_added(
    client: httpx2.AsyncClient, database: Database
) -> None:
    new = {"type": "test_echo", "params": {"label": "x"}}
    active = (await client.post("/api/jobs", json=new)).json()["id"]
    answer = await add(client, step("a"), step("b", "a", label="x"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-active")
    assert pointers(answer) == ["/steps/1"]
    assert answer.headers["location"] == f"/api/jobs/{active}"
    answer = await add(client, step("a", label="y"), step("b", "a", label="y"))
    assert (pointers(answer), answer.json()["job_id"]) == (["/steps/1"], None)
    assert await count(database) == 1


async def test_the_pipeline_of_the_documentation_is_taken(client: httpx2.AsyncClient) -> None:
    page = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text()
    body = re.search(r"^    \{\n.*?^    \}$", page, re.MULTILINE | re.DOTALL)
    assert body is not None
    answer = await client.post(PIPELINES, json=json.loads(body[0]))
    assert answer.status_code == 202
    assert [one["after"] for one in answer.json()["steps"]][-1] == ["week", "month"]


async def test_the_schema_says_what_a_step_is(client: httpx2.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"][PIPELINES]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["steps"]["maxItems"] == 500
    assert "after" in body["schema"]["properties"]["steps"]["items"]["properties"]
    assert (await client.post(PIPELINES, json=body["example"])).status_code == 202
