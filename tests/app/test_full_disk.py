"""A database without room refuses what would be stored, whole, and says why."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import text

from store.database import Database

pytestmark = pytest.mark.anyio
NEW_JOB = {"type": "test_echo"}


@pytest.fixture(params=["update on idempotency_keys", "insert on jobs_active"])
async def full_disk(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[None]:
    """The last thing that a request stores finds no room, or the job itself."""
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "create function no_room() returns trigger language plpgsql as $$ begin"
                " raise exception using errcode = '53100', message = 'could not extend file'; end $$"
            )
        )
        await conn.execute(
            text(f"create trigger no_room before {request.param} for each row execute function no_room()")
        )
    yield
    async with database.transaction() as conn:
        await conn.execute(text("drop function if exists no_room cascade"))


async def test_a_full_disk_is_told_and_nothing_is_half_stored(
    client: httpx2.AsyncClient, database: Database, full_disk: None
) -> None:
    refused = await client.post("/api/jobs", json=NEW_JOB, headers={"Idempotency-Key": "k-1"})
    assert (refused.status_code, refused.json()["type"]) == (507, "/problems/storage-full")
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0
    async with database.transaction() as conn:
        stored = await conn.scalar(
            text("select (select count(*) from procrastinate_jobs) + (select count(*) from idempotency_keys)")
        )
        await conn.execute(text("drop function no_room cascade"))
    assert stored == 0
    again = await client.post("/api/jobs", json=NEW_JOB, headers={"Idempotency-Key": "k-1"})
    assert again.status_code == 202
