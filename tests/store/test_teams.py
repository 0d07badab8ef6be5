"""Names of teams that a person confirms, at the same time as another one."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.audit import list_changes
from store.database import Database
from store.teams import AliasRow, confirm_alias
from tests.engine.worker import eventually

pytestmark = pytest.mark.anyio


async def confirmed(conn: AsyncConnection, team: str) -> AliasRow:
    return await confirm_alias(
        conn, source="sportmonks", country="England", alias="Spurs", team=team, confirmed_by="ann"
    )


async def confirmed_alone(database: Database, team: str) -> AliasRow:
    async with database.transaction() as conn:
        return await confirmed(conn, team)


async def somebody_waits(database: Database) -> bool:
    async with database.read() as conn:
        return bool(await conn.scalar(text("select exists (select from pg_locks where not granted)")))


async def test_of_two_first_confirmations_at_once_the_later_one_knows_the_earlier(database: Database) -> None:
    async with database.transaction() as conn:
        await confirmed(conn, "Arsenal")
        later = asyncio.create_task(confirmed_alone(database, "Tottenham Hotspur"))
        await eventually(partial(somebody_waits, database), lambda waits: waits)
    assert (await later).team == "Tottenham Hotspur"
    async with database.read() as conn:
        changes = await list_changes(conn, "team_alias:sportmonks:England:Spurs")
    assert [(one.details["before"], one.details["team"]) for one in changes] == [
        ("Arsenal", "Tottenham Hotspur"),
        (None, "Arsenal"),
    ]
