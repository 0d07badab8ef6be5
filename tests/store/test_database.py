"""Every connection asks the server to notice soon when its client is gone."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database, DatabaseUnavailable, connect

pytestmark = pytest.mark.anyio
SHOWN = "select name, setting from pg_settings where name in ('tcp_keepalives_idle', 'tcp_user_timeout')"
NOTICED_SOON = {"tcp_keepalives_idle": "5", "tcp_user_timeout": "9000"}


async def test_the_server_notices_a_lost_client_of_the_pool(database: Database) -> None:
    async with database.transaction() as conn:
        assert {name: value for name, value in await conn.execute(text(SHOWN))} == NOTICED_SOON
    async with database.read() as conn:
        assert {name: value for name, value in await conn.execute(text(SHOWN))} == NOTICED_SOON


async def test_the_server_notices_a_lost_client_beside_the_pool(database_url: str) -> None:
    conn = await connect(database_url, "test")
    async with conn:
        assert dict(await (await conn.execute(SHOWN)).fetchall()) == NOTICED_SOON


async def backend(conn: AsyncConnection) -> int:
    return int(await conn.scalar(text("select pg_backend_pid()")) or 0)


async def test_a_warm_connection_goes_to_whoever_needs_the_last_one(database_url: str) -> None:
    database = Database(database_url, process="test", pool_size=2, pool_timeout=1)
    try:
        async with database.autocommit() as conn:
            first = await backend(conn)
        async with database.autocommit() as conn:
            assert await backend(conn) == first
        async with database.transaction() as one, database.read() as two:
            assert first in {await backend(one), await backend(two)}
            with pytest.raises(DatabaseUnavailable, match="busy"):
                async with database.autocommit():
                    pass
        async with database.transaction(), database.autocommit():
            waiting = asyncio.create_task(use(database))
            await asyncio.sleep(0.05)
        await waiting
    finally:
        await database.close()


async def use(database: Database) -> None:
    async with database.read() as conn:
        await backend(conn)


async def test_each_statement_of_a_warm_connection_is_stored_and_seen_at_once(database: Database) -> None:
    for number in range(3):
        async with database.autocommit() as conn:
            await conn.execute(text("insert into queues (name) values (:name)"), {"name": f"q{number}"})
        async with database.autocommit() as conn:
            assert await conn.scalar(text("select count(*) from queues")) == number + 1
            pid = await backend(conn)
        async with database.read() as other:
            state = text("select state from pg_stat_activity where pid = :pid")
            assert await other.scalar(state, {"pid": pid}) == "idle"


async def test_a_connection_that_failed_is_not_kept(database: Database, database_url: str) -> None:
    async with database.autocommit() as conn:
        pid = await backend(conn)
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(DatabaseUnavailable):
        async with database.autocommit() as conn:
            await backend(conn)
    async with database.autocommit() as conn:
        assert await backend(conn) != pid


async def test_one_that_rested_is_looked_at_first(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.autocommit() as conn:
        pid = await backend(conn)
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", (pid,))
    monkeypatch.setattr("store.database.SECONDS_WITHOUT_PING", 0)
    async with database.autocommit() as conn:
        assert await backend(conn) != pid
