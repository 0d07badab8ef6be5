"""The registry of workers over HTTP."""

import httpx2
import pytest
from sqlalchemy import text

from store.database import Database

pytestmark = pytest.mark.anyio
REGISTER = """
    insert into procrastinate_workers
        (name, host, pid, version, queues, concurrency, memory_bytes, last_heartbeat)
    values (:name, 'host-1', 4711, '0.1.0', '{"cpu": 2, "echo": null}', 10, 90000000,
            clock_timestamp() - make_interval(secs => :age))
    returning id
"""


async def register(database: Database, name: str, age: float = 0) -> int:
    async with database.transaction() as conn:
        return int((await conn.scalar(text(REGISTER), {"name": name, "age": age})) or 0)


async def test_a_worker_shows_what_it_is_and_what_it_runs(
    client: httpx2.AsyncClient, database: Database
) -> None:
    worker_id = await register(database, "host-1:4711", age=3)
    jobs = [(await client.post("/api/jobs", json={"type": "test_echo"})).json()["id"] for _ in range(3)]
    async with database.transaction() as conn:
        await conn.execute(text("select fetch_jobs(:id, null, null, null, 2)"), {"id": worker_id})
    [worker] = (await client.get("/api/workers")).json()["items"]
    assert 3 <= worker.pop("heartbeat_age_seconds") < 30
    assert worker.pop("started_at").endswith("Z")
    assert worker.pop("last_fetch_at").endswith("Z")
    assert worker == {
        "id": worker_id, "name": "host-1:4711", "status": "alive", "host": "host-1", "pid": 4711,
        "version": "0.1.0", "queues": {"cpu": 2, "echo": None}, "concurrency": 10, "running": 2,
        "jobs": [{"id": job_id, "type": "test_echo"} for job_id in jobs[:2]], "memory_bytes": 90_000_000,
        "polls": False,
    }  # fmt: skip


async def test_a_worker_that_was_not_heard_of_is_silent(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await register(database, "quick", age=1)
    await register(database, "dead", age=3_600)
    items = (await client.get("/api/workers")).json()["items"]
    assert [(worker["name"], worker["status"]) for worker in items] == [
        ("quick", "alive"),
        ("dead", "silent"),
    ]


async def test_of_many_running_jobs_the_first_hundred_are_named(
    client: httpx2.AsyncClient, database: Database
) -> None:
    worker_id = await register(database, "busy")
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_jobs (queue_name, task_name)"
                " select 'default', 'cleanup' from generate_series(1, 150)"
            )
        )
        await conn.execute(text("select fetch_jobs(:id, null, null, null, 150)"), {"id": worker_id})
    [worker] = (await client.get("/api/workers")).json()["items"]
    assert (worker["running"], len(worker["jobs"])) == (150, 100)


async def test_without_a_worker_the_list_is_empty(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/workers")).json() == {"items": []}
