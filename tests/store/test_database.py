"""Every connection asks the server to notice soon when its client is gone."""

import pytest
from sqlalchemy import text

from store.database import Database, connect

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
