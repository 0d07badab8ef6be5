"""Cancelling by a filter: the counts add up, and each job is acted on once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from store.database import Database

pytestmark = pytest.mark.anyio
CANCEL = "/api/jobs/cancel"
MANY = """
    insert into procrastinate_jobs (queue_name, task_name)
    select 'echo', 'test_echo' from generate_series(1, :count)
"""


async def add_many(database: Database, count: int) -> None:
    async with database.transaction() as conn:
        await conn.execute(text(MANY), {"count": count})


async def add(client: httpx2.AsyncClient, job_type: str = "test_echo", **body: object) -> int:
    return int((await client.post("/api/jobs", json={"type": job_type, **body})).json()["id"])


async def take(database: Database, count: int) -> list[int]:
    async with database.transaction() as conn:
        return sorted(
            await conn.scalars(
                text("select id from fetch_jobs(null, null, null, null, :count)"), {"count": count}
            )
        )


async def status_of(client: httpx2.AsyncClient, *ids: int) -> list[str]:
    jobs = [(await client.get(f"/api/jobs/{job_id}")).json() for job_id in ids]
    return ["asked" if job["cancel_requested"] else job["status"] for job in jobs]


async def test_pending_jobs_are_cancelled_and_running_ones_asked(
    client: httpx2.AsyncClient, database: Database
) -> None:
    running, waiting, other = await add(client), await add(client), await add(client, "cleanup")
    assert await take(database, 1) == [running]
    answer = await client.post(CANCEL, json={"type": "test_echo"})
    assert answer.status_code == 200
    assert answer.json() == {"matched": 2, "cancelled": 1, "asked": 1, "skipped": 0, "complete": True}
    assert await status_of(client, running, waiting, other) == ["asked", "cancelled", "pending"]


async def test_every_condition_narrows_the_filter(client: httpx2.AsyncClient, database: Database) -> None:
    running = await add(client)
    await take(database, 1)
    old, young, other = await add(client), await add(client), await add(client, "cleanup")
    async with database.transaction() as conn:
        await conn.execute(
            text("update jobs_active set created_at = now() - interval '1 day' where id = :id"), {"id": old}
        )
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    conditions: list[tuple[dict[str, Any], int]] = [
        ({"ids": [other, 4711], "queue": "echo"}, 0),
        ({"ids": [old], "created_since": hour_ago}, 0),
        ({"queue": "echo", "statuses": ["pending"], "created_since": hour_ago}, 1),
        ({"ids": [old, young, other]}, 2),
        ({"statuses": ["running"]}, 1),
    ]
    for given, matched in conditions:
        assert (await client.post(CANCEL, json=given)).json()["matched"] == matched, given
    assert await status_of(client, running, old, young, other) == [
        "asked",
        "cancelled",
        "cancelled",
        "cancelled",
    ]


@pytest.mark.parametrize(
    ("given", "pointer", "word"),
    [
        ({}, "", "empty filter"),
        ({"type": None, "ids": None}, "", "empty filter"),
        ({"statuses": []}, "/statuses", "at least 1"),
        ({"ids": []}, "/ids", "at least 1"),
        ({"ids": [0]}, "/ids/0", "greater"),
        ({"ids": list(range(1, 10_002))}, "/ids", "10000"),
        ({"statuses": ["completed"]}, "/statuses/0", "pending"),
        ({"type": "nope"}, "/type", "allowed"),
        ({"queue": "a b"}, "/queue", "pattern"),
        ({"created_since": "2026-01-01T00:00:00"}, "/created_since", "timezone"),
        ({"stauts": ["pending"]}, "/stauts", "allowed"),
    ],
)
async def test_a_filter_that_is_empty_or_wrong_cancels_nothing(
    client: httpx2.AsyncClient, given: dict[str, Any], pointer: str, word: str
) -> None:
    job_id = await add(client)
    answer = await client.post(CANCEL, json=given)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert word in answer.json()["errors"][0]["message"]
    assert await status_of(client, job_id) == ["pending"]


async def test_a_body_that_was_forgotten_cancels_nothing(client: httpx2.AsyncClient) -> None:
    job_id = await add(client)
    assert (await client.post(CANCEL)).status_code == 422
    assert await status_of(client, job_id) == ["pending"]


async def test_requests_that_overlap_act_on_each_job_once(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await add_many(database, 3_500)
    assert len(await take(database, 20)) == 20
    filters: list[dict[str, Any]] = [{"type": "test_echo"}, {"queue": "echo"}, {"ids": list(range(1, 3_001))}]
    answers = [
        answer.json() for answer in await asyncio.gather(*(client.post(CANCEL, json=f) for f in filters * 2))
    ]
    for answer in answers:
        assert answer["complete"]
        assert answer["matched"] == answer["cancelled"] + answer["asked"] + answer["skipped"]
    assert sum(answer["cancelled"] for answer in answers) == 3_480
    assert sum(answer["asked"] for answer in answers) == 20
    async with database.read() as conn:
        assert await conn.scalar(text("select count(*) from jobs_active where not abort_requested")) == 0


async def test_a_job_that_its_handler_holds_is_waited_for_or_skipped(
    client: httpx2.AsyncClient, database: Database, database_url: str
) -> None:
    held, free = await add(client), await add(client)
    assert await take(database, 1) == [held]
    with psycopg.connect(database_url) as handler:
        handler.execute("select id from jobs_active where id = %s for share", [held])
        answer = (await client.post(CANCEL, json={"queue": "echo"})).json()
    assert answer == {"matched": 2, "cancelled": 1, "asked": 0, "skipped": 1, "complete": True}
    assert await status_of(client, held, free) == ["running", "cancelled"]
    again = (await client.post(CANCEL, json={"queue": "echo"})).json()
    assert (again["matched"], again["asked"]) == (1, 1)


async def test_a_large_backlog_is_cancelled_and_every_stream_is_told(
    client: httpx2.AsyncClient, database: Database, database_url: str
) -> None:
    await add_many(database, 1_500)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener:
        await listener.execute("listen matchday_jobs")
        assert (await client.post(CANCEL, json={"queue": "echo"})).json()["cancelled"] == 1_500
        told: set[str] = set()
        async for note in listener.notifies(timeout=10):
            told |= set(note.payload.split(","))
            if len(told) == 1_500:
                break
    assert len(told) == 1_500


async def test_jobs_of_a_type_that_has_no_handler_any_more_are_found_and_cancelled(
    client: httpx2.AsyncClient, database: Database
) -> None:
    job_id = await add(client)
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_active set task_name = 'gone' where id = :id"), {"id": job_id})
    found = (await client.get("/api/jobs", params={"type": "gone"})).json()
    assert [job["id"] for job in found["items"]] == [job_id]
    assert (await client.post(CANCEL, json={"type": "gone"})).json()["cancelled"] == 1
    assert await status_of(client, job_id) == ["cancelled"]
    for answer in (
        await client.get("/api/jobs", params={"type": "never_was"}),
        await client.post(CANCEL, json={"type": "never_was"}),
    ):
        assert answer.status_code == 422
        assert "there is no such job type" in answer.text
