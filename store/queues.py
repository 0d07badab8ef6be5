"""Queues as an operator sees them: how full they are, and whether they give jobs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query


@dataclass(frozen=True)
class QueueState:
    """`scheduled` of the `pending` jobs wait for their time; the oldest one counts from when it was due."""

    name: str
    pending: int
    scheduled: int
    running: int
    oldest_pending_seconds: float | None
    paused_at: datetime | None
    paused_by: str | None


async def list_queues(conn: AsyncConnection, declared: Iterable[str]) -> list[QueueState]:
    """The declared queues, those with active jobs, and those that were ever paused; by name."""
    return await _states(conn, declared, None)


async def find_queue(conn: AsyncConnection, name: str, declared: Iterable[str]) -> QueueState | None:
    """None when nothing knows a queue of this name."""
    found = await _states(conn, declared, name)
    return found[0] if found else None


async def pause_queue(conn: AsyncConnection, name: str, by: str | None) -> None:
    """The queue gives no more jobs once the transaction commits; those that run go on."""
    await conn.execute(query("pause_queue"), {"name": name, "by": by})
    await conn.execute(text("select give_places_back(:name)"), {"name": name})


async def resume_queue(conn: AsyncConnection, name: str) -> None:
    """The queue gives jobs again; its workers are told when the transaction commits."""
    await conn.execute(
        text("update queues set paused_at = null, paused_by = null where name = :name"), {"name": name}
    )
    await conn.execute(text("select notify_ready(:name)"), {"name": name})


async def _states(conn: AsyncConnection, declared: Iterable[str], only: str | None) -> list[QueueState]:
    rows = await conn.execute(query("queues"), {"declared": sorted(set(declared)), "only": only})
    return [QueueState(**row._mapping) for row in rows]
