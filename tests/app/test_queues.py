"""Queues over HTTP: what is in them, pause and resume."""

from datetime import UTC, datetime, timedelta

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from store.database import Database

pytestmark = pytest.mark.anyio
TAKE = "select id from fetch_jobs(null, null, null, null, 10)"


async def add(client: httpx2.AsyncClient, **body: object) -> int:
    return int((await client.post("/api/jobs", json={"type": "test_echo", **body})).json()["id"])


async def taken(database: Database) -> list[int]:
    """The jobs that a worker gets now."""
    async with database.transaction() as conn:
        return sorted(await conn.scalars(text(TAKE)))


async def echo(client: httpx2.AsyncClient) -> dict[str, object]:
    queues = (await client.get("/api/queues")).json()["items"]
    return next(queue for queue in queues if queue["name"] == "echo")


async def test_every_declared_queue_is_listed_with_what_is_in_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await add(client, priority=1)
    await taken(database)
    await add(client)
    await add(client, run_after=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    queues = (await client.get("/api/queues")).json()["items"]
    names = [queue["name"] for queue in queues]
    assert names == sorted(names)
    assert {"cpu", "default", "echo"} <= set(names)
    queue = await echo(client)
    oldest = queue.pop("oldest_pending_seconds")
    assert isinstance(oldest, float)
    assert 0 <= oldest < 60
    assert queue == {
        "name": "echo", "status": "active", "pending": 2, "scheduled": 1, "running": 1,
        "paused_at": None, "paused_by": None,
    }  # fmt: skip


async def test_a_queue_without_a_handler_is_known_by_its_jobs(
    client: httpx2.AsyncClient, database: Database
) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text("insert into procrastinate_jobs (queue_name, task_name) values ('of-old', 'gone')")
        )
    assert "of-old" in [queue["name"] for queue in (await client.get("/api/queues")).json()["items"]]
    assert (await client.post("/api/queues/of-old/pause")).status_code == 200


async def test_a_paused_queue_gives_no_jobs_until_it_is_resumed(
    client: httpx2.AsyncClient, database: Database
) -> None:
    running = await add(client)
    assert await taken(database) == [running]
    waiting = await add(client)
    paused = await client.post("/api/queues/echo/pause", headers={"X-Requested-By": "ops"})
    assert paused.status_code == 200
    assert (paused.json()["status"], paused.json()["paused_by"]) == ("paused", "ops")
    assert (paused.json()["pending"], paused.json()["running"]) == (1, 1)
    assert await taken(database) == []
    assert (await client.get(f"/api/jobs/{running}")).json()["status"] == "running"
    resumed = (await client.post("/api/queues/echo/resume")).json()
    assert (resumed["status"], resumed["paused_at"], resumed["paused_by"]) == ("active", None, None)
    assert await taken(database) == [waiting]


async def test_other_queues_go_on_while_one_is_paused(client: httpx2.AsyncClient, database: Database) -> None:
    await client.post("/api/queues/echo/pause")
    await add(client)
    other = (await client.post("/api/jobs", json={"type": "cleanup"})).json()["id"]
    assert await taken(database) == [other]


async def test_a_second_pause_keeps_who_paused_it_and_when(client: httpx2.AsyncClient) -> None:
    first = (await client.post("/api/queues/echo/pause", headers={"X-Requested-By": "ann"})).json()
    second = await client.post("/api/queues/echo/pause", headers={"X-Requested-By": "bob"})
    assert second.status_code == 200
    assert second.json() == first
    for _ in range(2):
        assert (await client.post("/api/queues/echo/resume")).json()["status"] == "active"


async def test_workers_are_told_when_a_queue_is_resumed(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await client.post("/api/queues/echo/pause")
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener:
        await listener.execute('listen "procrastinate_queue_v1#echo"')
        await client.post("/api/queues/echo/resume")
        told = [note.channel async for note in listener.notifies(timeout=10, stop_after=1)]
    assert told == ["procrastinate_queue_v1#echo"]


@pytest.mark.parametrize("action", ["pause", "resume"])
async def test_a_queue_that_nothing_knows_is_not_found(client: httpx2.AsyncClient, action: str) -> None:
    answer = await client.post(f"/api/queues/ehco/{action}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/queue-not-found"
    assert "ehco" not in (await client.get("/api/queues")).text


@pytest.mark.parametrize("name", ["%00", "a'%20or%201=1--", "x" * 129])
async def test_a_name_that_no_queue_can_have_is_refused(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.post(f"/api/queues/{name}/pause")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["{name}"]
