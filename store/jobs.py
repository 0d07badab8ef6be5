"""Jobs as the rest of the program reads them: one, a page, counts; and who holds an attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, bindparam, exists, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.queue import job_queue, job_runs

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
ACTIVE = ("pending", "running")
PROCRASTINATE_STATUSES = {
    "pending": ("todo",),
    "running": ("doing",),
    "completed": ("succeeded",),
    "failed": ("failed",),
    "cancelled": ("cancelled", "aborted"),
}
LOCK_TIMEOUT = "1s"
# A notification has less than 8,000 bytes.
IDS_A_NOTIFICATION = 380


@dataclass(frozen=True)
class JobRow:
    """One job, with its current attempt's progress, result and error."""

    id: int
    job_type: str
    status: str
    queue: str
    priority: int
    params: dict[str, Any]
    requested_by: str | None
    created_at: datetime
    run_after: datetime | None
    cancel_requested: bool
    attempt: int
    worker: str | None
    started_at: datetime | None
    finished_at: datetime | None
    progress: float
    step: str
    message: str
    result: Any
    error_kind: str | None
    error: str | None

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; every condition left out allows all."""

    statuses: tuple[str, ...] = ()
    job_type: str | None = None
    queue: str | None = None
    created_since: datetime | None = None
    ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class QueueDepth:
    queue: str
    pending: int
    running: int
    oldest_pending_seconds: float | None


@dataclass(frozen=True)
class JobTypeStats:
    """Counts of one job type, and the durations (seconds) of its runs completed within the last day."""

    job_type: str
    counts: dict[str, int]
    seconds_p50: float | None
    seconds_p95: float | None


@dataclass(frozen=True)
class AttemptRow:
    """One attempt of a job; without an `outcome`, it is under way."""

    attempt: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    progress: float
    step: str
    message: str
    error_kind: str | None
    error: str | None
    trace: str | None


class AttemptState(Enum):
    HELD = "held"
    CANCELLED = "cancelled"
    LOST = "lost"


async def get_job(conn: AsyncConnection, job_id: int) -> JobRow | None:
    row = (await conn.execute(_select_jobs().where(job_queue.c.id == job_id))).one_or_none()
    return JobRow(**row._mapping) if row else None


async def list_attempts(conn: AsyncConnection, job_id: int) -> list[AttemptRow]:
    """In their order. An attempt that has just begun has no row before its first report or its end."""
    columns = [job_runs.c[name] for name in AttemptRow.__dataclass_fields__]
    found = select(*columns).where(job_runs.c.job_id == job_id).order_by(job_runs.c.attempt)
    return [AttemptRow(**row._mapping) for row in await conn.execute(found)]


async def list_jobs(
    conn: AsyncConnection, wanted: JobFilter, *, after: int | None = None, limit: int = 50
) -> list[JobRow]:
    """Newest first; `after` is the id of the last job already seen."""
    found = _select_jobs().where(_conditions(wanted))
    if after is not None:
        found = found.where(job_queue.c.id < after)
    found = found.order_by(job_queue.c.id.desc()).limit(limit)
    return [JobRow(**row._mapping) for row in await conn.execute(found)]


async def cancellable_jobs(
    conn: AsyncConnection, wanted: JobFilter, *, limit: int, after: int = 0
) -> list[int]:
    """The ids after `after`, in their order, of active jobs that were not asked to stop yet."""
    active = [name for status in ACTIVE for name in PROCRASTINATE_STATUSES[status]]
    found = (
        select(job_queue.c.id)
        .where(_conditions(wanted), job_queue.c.procrastinate_status.in_(active))
        .where(~job_queue.c.cancel_requested, job_queue.c.id > after)
        .order_by(job_queue.c.id)
        .limit(limit)
    )
    return list(await conn.scalars(found))


async def hold_pending(conn: AsyncConnection, ids: Sequence[int]) -> list[int]:
    """Locks those of the jobs that are pending and wait for no other step of a pipeline.

    Waits for others who do so, and who are done soon.
    """
    return list(await conn.scalars(query("hold_pending"), {"ids": ids}))


async def hold_running(conn: AsyncConnection, ids: Sequence[int]) -> list[int]:
    """Locks those of the jobs that run, were not asked to stop, and that nobody holds."""
    return list(await conn.scalars(query("hold_running"), {"ids": ids}))


async def waiting_steps(conn: AsyncConnection, ids: Sequence[int]) -> list[int]:
    """Those of the jobs that wait for other steps of their pipeline; they are nobody's to hold."""
    return list(await conn.scalars(query("waiting_steps"), {"ids": ids}))


async def wait_for_running(conn: AsyncConnection, job_id: int) -> list[int]:
    """As hold_running for one job, whoever holds it. After LOCK_TIMEOUT an error: lock_not_available."""
    await conn.execute(text("select set_config('lock_timeout', :most, true)"), {"most": LOCK_TIMEOUT})
    return list(await conn.scalars(query("hold_running_job"), {"id": job_id}))


async def has_jobs_of(conn: AsyncConnection, job_type: str) -> bool:
    return bool(await conn.scalar(select(exists().where(job_queue.c.job_type == job_type))))


async def count_by_status(conn: AsyncConnection) -> dict[str, int]:
    """Every status with its number of jobs, zeros included."""
    rows = await conn.execute(select(job_queue.c.status, func.count()).group_by(job_queue.c.status))
    return dict.fromkeys(STATUSES, 0) | {status: count for status, count in rows}


async def job_type_stats(conn: AsyncConnection) -> list[JobTypeStats]:
    rows = await conn.execute(query("job_type_stats"))
    return [JobTypeStats(**row._mapping) for row in rows]


async def queue_depths(conn: AsyncConnection) -> list[QueueDepth]:
    """Every queue that has active jobs; the oldest pending one counts from when it was due."""
    rows = await conn.execute(query("queue_depths"))
    return [QueueDepth(**row._mapping) for row in rows]


async def live_workers(conn: AsyncConnection, within: timedelta) -> int:
    """Workers whose heartbeat is younger than `within`, by the database's clock."""
    return int(await conn.scalar(query("live_workers"), {"within": within}) or 0)


async def attempt_state(
    conn: AsyncConnection, job_id: int, attempt: int, worker_id: int | None, *, longest_idle: timedelta
) -> AttemptState:
    """Whether the attempt, of that worker if one is named, still holds its job; if so, keeps it until the
    transaction ends.

    The server ends the transaction when nothing is asked of it for `longest_idle`.
    """
    most = f"{longest_idle / timedelta(milliseconds=1):.0f}ms"
    values = {"job_id": job_id, "attempt": attempt, "worker_id": worker_id, "longest_idle": most}
    cancelled = await conn.scalar(query("hold_attempt"), values)
    if cancelled is None:
        return AttemptState.LOST
    return AttemptState.CANCELLED if cancelled else AttemptState.HELD


async def active_job_with_key(conn: AsyncConnection, unique_key: str) -> int | None:
    row = (await conn.execute(query("active_job_with_key"), {"unique_key": unique_key})).first()
    return row.id if row else None


async def database_now(conn: AsyncConnection) -> datetime:
    """The database's clock, the one that decides."""
    now: datetime = (await conn.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def notify_changed(conn: AsyncConnection, *job_ids: int) -> None:
    """Tells whoever streams these jobs, once the transaction commits, that their rows changed."""
    for start in range(0, len(job_ids), IDS_A_NOTIFICATION):
        payload = ",".join(map(str, job_ids[start : start + IDS_A_NOTIFICATION]))
        await conn.execute(text("select pg_notify('matchday_jobs', :payload)"), {"payload": payload})


def _select_jobs() -> Select[Any]:
    return select(*(job_queue.c[name] for name in JobRow.__dataclass_fields__))


def _conditions(wanted: JobFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.statuses:
        stored = [name for status in wanted.statuses for name in PROCRASTINATE_STATUSES[status]]
        conditions.append(job_queue.c.procrastinate_status.in_(stored))
    if wanted.job_type is not None:
        conditions.append(job_queue.c.job_type == wanted.job_type)
    if wanted.queue is not None:
        conditions.append(job_queue.c.queue == wanted.queue)
    if wanted.ids:
        conditions.append(job_queue.c.id == any_(bindparam("ids", list(wanted.ids), ARRAY(BIGINT))))
    if wanted.created_since is not None:
        conditions.append(job_queue.c.created_at >= wanted.created_since)
    return and_(True, *conditions)
