"""The limits that jobs share by a key, as the database keeps them for all workers."""

from collections.abc import Sequence
from datetime import timedelta

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
