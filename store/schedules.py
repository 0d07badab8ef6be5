"""Schedules: the rows that say when jobs are added by themselves, and what became of each of their times."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.schedules import schedule_ticks, schedules

# The last ticks of each schedule that are kept.
TICKS_KEPT = 100


@dataclass(frozen=True)
class NewSchedule:
    """One of three timings: `cron` in a `time_zone`, `every` so long, or from `min_wait` to `max_wait`."""

    name: str
    job_type: str
    params: dict[str, Any] = field(default_factory=dict)
    cron: str | None = None
    time_zone: str | None = None
    every: timedelta | None = None
    min_wait: timedelta | None = None
    max_wait: timedelta | None = None
    misfire: str = "run_once"
    misfire_after: timedelta = timedelta(minutes=1)
    priority: int = 0


@dataclass(frozen=True)
class ScheduleRow:
    """One schedule. `next_at` is None when there is no next time, or while `waits_for_job` is active."""

    id: int
    name: str
    job_type: str
    params: dict[str, Any]
    cron: str | None
    time_zone: str | None
    every: timedelta | None
    min_wait: timedelta | None
    max_wait: timedelta | None
    misfire: str
    misfire_after: timedelta
    priority: int
    paused_at: datetime | None
    paused_by: str | None
    next_at: datetime | None
    waits_for_job: int | None
    last_at: datetime | None
    last_job_id: int | None
    last_error: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class TickEnd:
    """What became of one time of a schedule: enqueued, merged into an active job, skipped or failed."""

    outcome: str
    job_id: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class TickRow:
    tick_at: datetime
    handled_at: datetime
    outcome: str
    job_id: int | None
    error: str | None


async def add_schedule(conn: AsyncConnection, new: NewSchedule, next_at: datetime) -> ScheduleRow | None:
    """The new schedule; None when the name is taken."""
    added = (
        insert(schedules)
        .values(**asdict(new), next_at=next_at)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(*_columns())
    )
    row = (await conn.execute(added)).one_or_none()
    return ScheduleRow(**row._mapping) if row else None


async def find_schedule(conn: AsyncConnection, name: str, *, hold: bool = False) -> ScheduleRow | None:
    """The schedule of this name; held, nobody else changes it until the transaction ends."""
    found = _select().where(schedules.c.name == name)
    row = (await conn.execute(found.with_for_update() if hold else found)).one_or_none()
    return ScheduleRow(**row._mapping) if row else None


async def list_schedules(conn: AsyncConnection, *, after: str = "", limit: int = 50) -> list[ScheduleRow]:
    """By name; `after` is the name of the last one already seen."""
    found = _select().where(schedules.c.name > after).order_by(schedules.c.name).limit(limit)
    return [ScheduleRow(**row._mapping) for row in await conn.execute(found)]


async def change_schedule(conn: AsyncConnection, schedule_id: int, changes: Mapping[str, Any]) -> ScheduleRow:
    """The schedule with these columns changed."""
    changed = (
        update(schedules)
        .where(schedules.c.id == schedule_id)
        .values(**changes, updated_at=func.clock_timestamp())
        .returning(*_columns())
    )
    return ScheduleRow(**(await conn.execute(changed)).one()._mapping)


async def delete_schedule(conn: AsyncConnection, name: str) -> bool:
    """Deletes the schedule with its ticks; the jobs stay."""
    gone = await conn.execute(delete(schedules).where(schedules.c.name == name).returning(schedules.c.id))
    return gone.first() is not None


async def due_schedules(conn: AsyncConnection, most: int) -> list[tuple[ScheduleRow, datetime]]:
    """Schedules to act on, held until the transaction ends, with the time by the database's clock.

    Those that another transaction holds are left out: it acts on them.
    """
    rows = await conn.execute(query("due_schedules"), {"most": most})
    found = [dict(row._mapping) for row in rows]
    return [(ScheduleRow(**columns), now) for columns in found for now in [columns.pop("now")]]


async def claim_tick(conn: AsyncConnection, schedule_id: int, tick_at: datetime) -> bool:
    """Whether the caller is the one to act on this time; `end_tick` says what became of it."""
    values = {"schedule_id": schedule_id, "tick_at": tick_at}
    return (await conn.execute(query("claim_schedule_tick"), values)).first() is not None


async def end_tick(
    conn: AsyncConnection,
    schedule_id: int,
    tick_at: datetime,
    end: TickEnd,
    *,
    next_at: datetime | None,
    waits_for_job: int | None,
) -> None:
    """Records what became of a claimed time, and moves the schedule on."""
    values = {
        **asdict(end),
        "schedule_id": schedule_id,
        "tick_at": tick_at,
        "next_at": next_at,
        "waits_for_job": waits_for_job,
        "kept": TICKS_KEPT,
    }
    await conn.execute(query("end_schedule_tick"), values)


async def latest_ticks(conn: AsyncConnection, schedule_id: int, limit: int) -> list[TickRow]:
    """The latest first."""
    columns = [schedule_ticks.c[name] for name in TickRow.__dataclass_fields__]
    found = (
        select(*columns)
        .where(schedule_ticks.c.schedule_id == schedule_id)
        .order_by(schedule_ticks.c.tick_at.desc())
        .limit(limit)
    )
    return [TickRow(**row._mapping) for row in await conn.execute(found)]


async def seconds_until_next(conn: AsyncConnection) -> float | None:
    """How long until the next time of any schedule, 0 if it is there; None when none has a next time."""
    seconds: float | None = await conn.scalar(query("seconds_until_schedule"))
    return seconds


def _columns() -> list[Any]:
    return [schedules.c[name] for name in ScheduleRow.__dataclass_fields__]


def _select() -> Select[Any]:
    return select(*_columns())
