"""Schedules: jobs that are added by themselves, one for each time however many workers look.

A time is claimed, its job added and the schedule moved on in one transaction. Only the database's clock is
asked. However many times were missed, at most one late job comes of them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.cron import BadCron, BadTimeZone, parse_cron
from jobs.handler import HANDLERS, Handler, JobParams
from jobs.service import AlreadyActive, submit
from store.database import DatabaseUnavailable
from store.jobs import database_now, get_job
from store.schedules import (
    NewSchedule,
    ScheduleRow,
    TickEnd,
    add_schedule,
    change_schedule,
    claim_tick,
    due_schedules,
    end_tick,
)

MOST_AT_ONCE = 100
LONGEST_LOCK_WAIT = "250ms"
TIMING = ("cron", "time_zone", "every", "min_wait", "max_wait")
# These pass by themselves: nothing is recorded, and the next call acts on the same time.
PASSING = (DatabaseUnavailable, OperationalError, InterfaceError)

log = structlog.get_logger()


class ScheduleExists(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is a schedule {name} already")


class CannotRun(Exception):
    """The schedule's job type is unknown, or no longer takes its parameters; the text says which."""


async def tick(conn: AsyncConnection) -> list[int]:
    """Adds the jobs whose time has come, up to MOST_AT_ONCE; gives their ids. One statement if none has.

    What is wrong with a schedule is recorded on its row, and never raised; only a lost connection is.
    """
    added = []
    due = await due_schedules(conn, MOST_AT_ONCE)
    if due:
        # Somebody's open transaction may have a job's unique key: nothing else must wait for it.
        await conn.execute(
            text("select set_config('lock_timeout', :most, true)"), {"most": LONGEST_LOCK_WAIT}
        )
    for schedule, now in due:
        try:
            async with conn.begin_nested():
                added += await _advance(conn, schedule, now)
        except PASSING as error:
            if conn.invalidated:
                raise
            await conn.execute(text("select 1"))  # raises when the connection is lost
            reason = str(error.__cause__ or error).partition("\n")[0]
            log.warning("schedule_put_off", schedule=schedule.name, reason=reason)
    return added


async def create(conn: AsyncConnection, new: NewSchedule) -> ScheduleRow:
    """Adds a schedule. Raises ScheduleExists, BadCron or BadTimeZone."""
    schedule = await add_schedule(conn, new, _first_time(new, await database_now(conn)))
    if schedule is None:
        raise ScheduleExists(new.name)
    return schedule


async def change(conn: AsyncConnection, schedule: ScheduleRow, changes: Mapping[str, Any]) -> ScheduleRow:
    """Changes columns of a held schedule; another timing counts from now. Raises BadCron or BadTimeZone."""
    changed = replace(schedule, **changes)
    if any(getattr(changed, name) != getattr(schedule, name) for name in TIMING):
        first = _first_time(changed, await database_now(conn))
        changes = {**changes, "next_at": first, "waits_for_job": None}
    return await change_schedule(conn, schedule.id, changes)


async def pause(conn: AsyncConnection, schedule: ScheduleRow, by: str | None) -> ScheduleRow:
    """The held schedule adds no jobs; its times pass, and are not made up for. Twice is as once."""
    if schedule.paused_at is not None:
        return schedule
    changes = {"paused_at": await database_now(conn), "paused_by": by}
    return await change_schedule(conn, schedule.id, changes)


async def resume(conn: AsyncConnection, schedule: ScheduleRow) -> ScheduleRow:
    """The held schedule adds jobs again, from its next time on. Raises BadCron or BadTimeZone."""
    if schedule.paused_at is None:
        return schedule
    counted = {"next_at": _renewed(schedule, await database_now(conn))}
    return await change_schedule(conn, schedule.id, {"paused_at": None, "paused_by": None, **counted})


def upcoming(schedule: ScheduleRow, now: datetime, count: int) -> list[datetime]:
    """The next times; of an adaptive schedule only the next one, and none while its job is active."""
    if schedule.cron is not None:
        return parse_cron(schedule.cron, schedule.time_zone or "").upcoming(now, count)
    first = _renewed(schedule, now)
    if schedule.every is None:
        return [first][:count] if first is not None else []
    return [first + n * schedule.every for n in range(count)] if first is not None else []


def job_of(schedule: ScheduleRow) -> tuple[type[Handler[Any]], JobParams]:
    """What the schedule runs. Raises CannotRun."""
    handler = HANDLERS.get(schedule.job_type)
    if handler is None:
        raise CannotRun(f"there is no job type {schedule.job_type}")
    try:
        # As the API takes parameters: "30" is no number, and 1 is not true.
        return handler, handler.params.model_validate_json(json.dumps(schedule.params), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        raise CannotRun(f"the params are no longer valid: {pointer} {first['msg']}"[:500]) from None


async def _advance(conn: AsyncConnection, schedule: ScheduleRow, now: datetime) -> list[int]:
    if schedule.waits_for_job is not None:
        await _end_wait(conn, schedule, schedule.waits_for_job, now)
        return []
    if schedule.next_at is None or schedule.next_at > now:
        await change_schedule(conn, schedule.id, _counted_anew(schedule, now))
        return []
    return await _act(conn, schedule, schedule.next_at, now)


async def _act(conn: AsyncConnection, schedule: ScheduleRow, due_at: datetime, now: datetime) -> list[int]:
    """Acts on the time that has come, once whoever else may try; gives the job it added, if it did."""
    try:
        tick_at, is_missed = _tick_to_take(schedule, due_at, now)
        next_at = _next_time(schedule, now)
    except (BadCron, BadTimeZone) as error:  # written by another release, or by hand
        stopped = {"next_at": None, "last_error": f"there is no next time: {error}"}
        await change_schedule(conn, schedule.id, stopped)
        return []
    if not await claim_tick(conn, schedule.id, tick_at):
        await change_schedule(conn, schedule.id, {"next_at": next_at})
        return []
    end = TickEnd("skipped") if is_missed else await _add_job(conn, schedule)
    waits_for = end.job_id if schedule.max_wait is not None else None
    next_at = None if waits_for is not None else next_at
    await end_tick(conn, schedule.id, tick_at, end, next_at=next_at, waits_for_job=waits_for)
    return [end.job_id] if end.outcome == "enqueued" and end.job_id is not None else []


def _tick_to_take(schedule: ScheduleRow, due_at: datetime, now: datetime) -> tuple[datetime, bool]:
    """The time to act on, and whether it is missed. One that came lately counts, however many came before."""
    oldest = now - schedule.misfire_after
    if schedule.misfire != "skip" or due_at >= oldest:
        return due_at, False
    recent = _next_time(schedule, oldest)
    return (recent, False) if recent is not None and recent <= now else (due_at, True)


async def _add_job(conn: AsyncConnection, schedule: ScheduleRow) -> TickEnd:
    try:
        handler, params = job_of(schedule)
        async with conn.begin_nested():
            requested_by = f"schedule:{schedule.name}"
            job_id = await submit(
                conn, handler, params, requested_by=requested_by, priority=schedule.priority
            )
    except AlreadyActive as twin:
        return TickEnd("merged", twin.job_id)
    except CannotRun as error:
        return TickEnd("failed", error=str(error))
    except PASSING:
        raise
    except Exception:
        log.exception("schedule_failed", schedule=schedule.name, job_type=schedule.job_type)
        return TickEnd("failed", error="the job could not be added; a worker's log has the reason")
    return TickEnd("enqueued", job_id)


async def _end_wait(conn: AsyncConnection, schedule: ScheduleRow, job_id: int, now: datetime) -> None:
    """The job has ended: its handler says how long to wait; without a word, the longest time."""
    job = await get_job(conn, job_id)
    if job is not None and job.is_active:  # a user tries it again
        return
    wait = schedule.max_wait or timedelta()
    if job is not None and job.status == "completed":
        wait = _said_wait(schedule, job.result, wait)
    ended_at = job.finished_at if job is not None and job.finished_at is not None else now
    changes = {"waits_for_job": None, "next_at": ended_at + wait}
    await change_schedule(conn, schedule.id, changes)


def _said_wait(schedule: ScheduleRow, result: Any, longest: timedelta) -> timedelta:
    try:
        handler, params = job_of(schedule)
        said = handler().next_wait(params, result)
        return longest if said is None else min(max(said, schedule.min_wait or said), longest)
    except CannotRun:
        return longest
    except Exception:
        log.exception("next_wait_failed", schedule=schedule.name, job_type=schedule.job_type)
        return longest


def _counted_anew(schedule: ScheduleRow, now: datetime) -> dict[str, Any]:
    """The clock went back: the next time must not lie as far ahead as the clock did."""
    try:
        return {"next_at": _renewed(schedule, now)}
    except (BadCron, BadTimeZone) as error:
        return {"next_at": None, "last_error": f"there is no next time: {error}"}


def _renewed(schedule: ScheduleRow, now: datetime) -> datetime | None:
    """The next time, without those that have passed."""
    if schedule.max_wait is None:
        return _next_time(schedule, now)
    if schedule.waits_for_job is not None:
        return None
    return min(max(schedule.next_at or now, now), now + schedule.max_wait)


def _first_time(schedule: NewSchedule | ScheduleRow, now: datetime) -> datetime:
    """An adaptive schedule runs at once: its handler has to say something first."""
    if schedule.cron is not None:
        first = parse_cron(schedule.cron, schedule.time_zone or "").next_after(now)
        if first is None:
            raise BadCron("no moment within 50 years fits this expression: look at its days and months")
        return first
    return now + (schedule.every or timedelta())


def _next_time(schedule: ScheduleRow, after: datetime) -> datetime | None:
    """The first time later than `after`. Fixed intervals count from the same start for ever."""
    if schedule.cron is not None:
        return parse_cron(schedule.cron, schedule.time_zone or "").next_after(after)
    if schedule.every is not None:
        start = schedule.next_at or schedule.created_at
        return start + ((after - start) // schedule.every + 1) * schedule.every
    return after + (schedule.max_wait or timedelta())
