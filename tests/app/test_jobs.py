"""A job's life over HTTP: added, found, cancelled, tried again, deleted."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import text

from jobs.service import submit
from store.database import Database
from store.jobs import get_job
from tests.app import EchoHandler, EchoParams, moment

pytestmark = pytest.mark.anyio


async def add(client: httpx2.AsyncClient, **body: object) -> httpx2.Response:
    return await client.post("/api/jobs", json={"type": "test_echo", **body})


async def finish(database: Database, job_id: int, outcome: str = "completed") -> None:
    """What a worker does: takes the job, runs it, ends it."""
    async with database.transaction() as conn:
        await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))
        error = "it broke" if outcome == "failed" else None
        await conn.execute(
            text(
                "select end_run(:id, 1, 'w', :outcome, null, cast('{\"n\": 3}' as jsonb),"
                " :kind, :error, null, 0.5, 'work', 'done')"
            ),
            {"id": job_id, "outcome": outcome, "kind": error and "error", "error": error},
        )


async def test_an_added_job_is_accepted_with_its_place(client: httpx2.AsyncClient) -> None:
    answer = await add(client, params={"count": 3})
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert answer.headers["retry-after"] == "1"
    assert (job["type"], job["status"], job["queue"]) == ("test_echo", "pending", "echo")
    assert job["params"] == {"count": 3, "ratio": 0.5, "label": "", "starts_at": None}
    assert (await client.get(answer.headers["location"])).json() == job


async def test_a_job_tells_who_asked_and_by_which_request(
    client: httpx2.AsyncClient, database: Database
) -> None:
    headers = {"X-Requested-By": "ops@example", "X-Request-ID": "req-7"}
    answer = await client.post("/api/jobs", json={"type": "test_echo"}, headers=headers)
    assert answer.json()["requested_by"] == "ops@example"
    assert answer.headers["x-request-id"] == "req-7"
    async with database.read() as conn:
        meta = await conn.scalar(text("select args -> 'meta' from procrastinate_jobs"))
    assert meta["request_id"] == "req-7"


async def test_a_job_waits_for_its_time_and_priority(client: httpx2.AsyncClient) -> None:
    answer = await add(client, run_after="2030-01-01T12:00:00+02:00", priority=5)
    assert answer.json()["run_after"] == "2030-01-01T10:00:00Z"
    assert answer.json()["priority"] == 5


async def test_the_same_work_twice_leads_to_the_active_job(client: httpx2.AsyncClient) -> None:
    first = (await add(client, params={"label": "one"})).json()
    twin = await add(client, params={"label": "one"})
    assert twin.status_code == 409
    assert twin.headers["location"] == first["links"]["self"]
    assert twin.json()["type"] == "/problems/already-active"
    assert twin.json()["job_id"] == first["id"]


async def test_a_finished_job_shows_its_result(client: httpx2.AsyncClient, database: Database) -> None:
    job_id = (await add(client)).json()["id"]
    await finish(database, job_id)
    job = (await client.get(f"/api/jobs/{job_id}")).json()
    assert (job["status"], job["progress"], job["attempt"]) == ("completed", 1, 1)
    assert job["result"] == {"n": 3}
    assert job["finished_at"].endswith("Z")
    assert job["seconds"] >= 0


async def test_a_failed_job_shows_a_short_error_and_can_be_tried_again(
    client: httpx2.AsyncClient, database: Database
) -> None:
    job_id = (await add(client)).json()["id"]
    await finish(database, job_id, "failed")
    assert (await client.get(f"/api/jobs/{job_id}")).json()["error"] == {
        "kind": "error",
        "message": "it broke",
    }
    answer = await client.post(f"/api/jobs/{job_id}/retry")
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"


async def test_a_pending_job_is_cancelled_at_once(client: httpx2.AsyncClient) -> None:
    job_id = (await add(client)).json()["id"]
    answer = await client.post(f"/api/jobs/{job_id}/cancel")
    assert answer.status_code == 202
    assert answer.json()["status"] == "cancelled"


async def test_a_running_job_is_asked_to_stop(client: httpx2.AsyncClient, database: Database) -> None:
    job_id = (await add(client)).json()["id"]
    async with database.transaction() as conn:
        await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))
    job = (await client.post(f"/api/jobs/{job_id}/cancel")).json()
    assert (job["status"], job["cancel_requested"]) == ("running", True)


@pytest.mark.parametrize(("action", "status"), [("cancel", "completed"), ("retry", "pending")])
async def test_an_action_needs_the_right_status(
    client: httpx2.AsyncClient, database: Database, action: str, status: str
) -> None:
    job_id = (await add(client)).json()["id"]
    if status == "completed":
        await finish(database, job_id)
    answer = await client.post(f"/api/jobs/{job_id}/{action}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/wrong-status"
    assert answer.json()["job_status"] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/jobs/7"), ("POST", "/api/jobs/7/cancel"), ("POST", "/api/jobs/7/retry"),
     ("GET", "/api/jobs/7/events"), ("GET", "/api/pipelines/7")],
)  # fmt: skip
async def test_an_unknown_job_is_not_found(client: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/job-not-found"
    assert answer.json()["detail"] == "there is no job 7"


async def test_pages_follow_each_other_to_the_end(client: httpx2.AsyncClient) -> None:
    added = [(await add(client)).json()["id"] for _ in range(5)]
    seen, path = [], "/api/jobs?limit=2&type=test_echo"
    while path:
        answer = await client.get(path)
        seen += [job["id"] for job in answer.json()["items"]]
        path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert seen == added[::-1]
    assert answer.json()["next_cursor"] is None


async def test_lists_are_filtered(client: httpx2.AsyncClient, database: Database) -> None:
    done, waiting = [(await add(client)).json()["id"] for _ in range(2)]
    await finish(database, done)

    async def found(query: str) -> list[int]:
        return [job["id"] for job in (await client.get(f"/api/jobs?{query}")).json()["items"]]

    assert await found("status=completed") == [done]
    assert await found("status=completed&status=pending") == [waiting, done]
    assert await found("queue=other") == []
    assert await found("type=cleanup") == []
    assert await found("created_since=2001-01-01T00:00:00Z") == [waiting, done]
    assert await found("created_since=2100-01-01T00:00:00Z") == []


async def test_the_short_path_answers_as_the_canonical_one(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/jobs", json={"type": "test_echo"})
    assert answer.status_code == 202
    assert answer.headers["location"].startswith("/api/jobs/")
    for path in ("/jobs", "/jobs/types", "/jobs/stats"):
        assert (await client.get(path)).json().keys() == (await client.get(f"/api{path}")).json().keys()
    assert "/jobs" not in (await client.get("/openapi.json")).json()["paths"]


async def test_clean_up_deletes_what_finished_long_ago(
    client: httpx2.AsyncClient, database: Database
) -> None:
    old, young, waiting = [(await add(client)).json()["id"] for _ in range(3)]
    await finish(database, old)
    await finish(database, young)
    long_ago = datetime.now(UTC) - timedelta(days=30)
    async with database.transaction() as conn:
        at = {"at": long_ago, "id": old}
        await conn.execute(text("update procrastinate_jobs set created_at = :at where id = :id"), at)
        await conn.execute(text("update jobs_finished set finished_at = :at where id = :id"), at)
    answer = await client.delete("/api/jobs/cleanup?older_than_days=7")
    assert answer.json() == {"deleted": 1, "complete": True}
    assert [job["id"] for job in (await client.get("/api/jobs")).json()["items"]] == [waiting, young]
    assert (await client.delete("/api/jobs/cleanup?older_than_days=0")).json()["deleted"] == 1


async def test_job_types_describe_themselves(client: httpx2.AsyncClient) -> None:
    types = {item["type"]: item for item in (await client.get("/api/jobs/types")).json()["items"]}
    assert {
        "data_pipeline",
        "quick_data_refresh",
        "model_training",
        "prediction_generation",
        "cleanup",
    } <= set(types)
    assert types["test_echo"]["params_schema"]["properties"]["count"]["maximum"] == 10
    assert types["data_pipeline"]["own_process"] is True
    assert (types["cleanup"]["max_attempts"], types["data_pipeline"]["max_attempts"]) == (1, 2)
    assert types["cleanup"]["description"].startswith("Delete old jobs")


async def test_stats_count_by_status_type_and_queue(client: httpx2.AsyncClient, database: Database) -> None:
    done = (await add(client)).json()["id"]
    await finish(database, done)
    await add(client)
    stats = (await client.get("/api/jobs/stats")).json()
    assert stats["by_status"] == {"pending": 1, "running": 0, "completed": 1, "failed": 0, "cancelled": 0}
    assert stats["by_type"][0]["counts"] == {"pending": 1, "completed": 1}
    assert stats["queues"][0]["queue"] == "echo"


async def test_a_job_exists_only_if_its_answer_said_so(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with database.transaction() as conn:
        job_id = await submit(conn, EchoHandler, EchoParams(label="outside"))
    assert (await client.get(f"/api/jobs/{job_id}")).json()["params"]["label"] == "outside"
    async with database.read() as conn:
        job = await get_job(conn, job_id)
    assert job is not None
    assert job.created_at > moment("2020-01-01T00:00:00Z")
