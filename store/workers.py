"""The registry of workers: who works, on what, and since when it was last heard of."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query

MOST_WORKERS = 1_000
MOST_JOBS = 100


@dataclass(frozen=True)
class WorkerRow:
    """One worker process. `queues` has the most jobs at once of each, or null; none named means all queues.

    `polls`: it hears no notifications, and looks for jobs by itself.
    `job_ids` and `job_types` are the first MOST_JOBS of its `running` jobs, in the same order.
    """

    id: int
    name: str
    host: str | None
    pid: int | None
    version: str | None
    queues: dict[str, int | None] | None
    concurrency: int | None
    started_at: datetime
    memory_bytes: int | None
    last_fetch_at: datetime
    polls: bool
    heartbeat_age_seconds: float
    is_silent: bool
    running: int
    job_ids: list[int]
    job_types: list[str]


async def polling_workers(conn: AsyncConnection) -> int:
    """How many live workers hear no notifications."""
    return int(await conn.scalar(query("polling_workers")) or 0)


async def list_workers(conn: AsyncConnection) -> list[WorkerRow]:
    """The longest registered first, MOST_WORKERS of them at most."""
    rows = await conn.execute(query("workers"), {"jobs": MOST_JOBS, "limit": MOST_WORKERS})
    return [WorkerRow(**row._mapping) for row in rows]
