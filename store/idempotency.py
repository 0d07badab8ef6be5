"""Requests that were answered, by their Idempotency-Key."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query

LOCK_NOT_AVAILABLE = "55P03"


class KeyInUse(Exception):
    """Another transaction holds the key, and has not ended within the time that we wait."""


@dataclass(frozen=True)
class KeptAnswer:
    """The answer to the first request with a key; `fingerprint` stands for that request."""

    fingerprint: bytes
    status: int
    body: str
    location: str | None


async def take_key(conn: AsyncConnection, key: str, fingerprint: bytes) -> KeptAnswer | None:
    """The answer that is kept for the key; None when the caller holds it now, and must call keep_answer.

    Waits for another transaction that holds it. Raises KeyInUse when that takes too long; the caller's
    transaction is of no use then.
    """
    try:
        found = await conn.execute(query("take_idempotency_key"), {"key": key, "fingerprint": fingerprint})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise KeyInUse from None
        raise
    row = found.one_or_none()
    return KeptAnswer(**row._mapping) if row else None


async def keep_answer(conn: AsyncConnection, key: str, answer: KeptAnswer) -> None:
    await conn.execute(query("keep_answer"), {"key": key, **vars(answer)})


async def delete_expired(conn: AsyncConnection, limit: int = 1_000) -> int:
    """Deletes one batch of the keys that stand for nothing any more; gives how many, 0 when none is left."""
    deleted = await conn.execute(query("delete_expired_keys"), {"limit": limit})
    return deleted.rowcount
