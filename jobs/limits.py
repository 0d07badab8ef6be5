"""The limits that jobs and calls share by a key, as the database keeps them for all workers."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Limit
from store.jsonb import storable_key
from store.queries import query


async def set_limits(conn: AsyncConnection, limits: Sequence[Limit | None]) -> None:
    """What the handlers say now; the latest job's word counts for all jobs of the key."""
    for _, limit in sorted({limit.key: limit for limit in limits if limit}.items()):
        await conn.execute(query("set_limit"), vars(limit))


async def block_limit(conn: AsyncConnection, key: str, wait: timedelta) -> None:
    """No job of this key starts before then: a provider has answered "too many requests", say.

    Those that run go on. An earlier call that blocks for longer still counts.
    """
    await conn.execute(query("block_limit"), {"key": storable_key(key), "wait": wait})


async def reserve_start(conn: AsyncConnection, key: str) -> timedelta | None:
    """Counts a start that is no job's, a call to a provider say: None if it may begin now.

    Else nothing is counted, and the wait says when to ask again: there may be room then. In a transaction of
    its own: all others that ask wait for its end.
    """
    seconds = await conn.scalar(text("select reserve_start(:key)"), {"key": storable_key(key)})
    return None if seconds is None else timedelta(seconds=seconds)
