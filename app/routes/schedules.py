"""Schedules: create, see, change, pause, resume, run now, delete; what will come and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.bodies import StrictRoute
from app.default_schedules import DEFAULTS
from app.problems import Problem, invalid
from app.schedule_schemas import (
    NAME,
    DefaultSchedules,
    ScheduleChanges,
    ScheduleIn,
    ScheduleOut,
    SchedulePage,
    TickOut,
    Ticks,
    Upcoming,
)
from app.schemas import JobOut
from app.state import Web
from app.strict_json import Fault
from app.submission import RequestedBy, Submitting, accepted, checked_params, handler_of
from jobs import schedules
from jobs.cron import BadCron, BadTimeZone
from store.jobs import database_now
from store.schedules import (
    TICKS_KEPT,
    NewSchedule,
    ScheduleRow,
    delete_schedule,
    find_schedule,
    latest_ticks,
    list_schedules,
)

KINDS = ("cron", "every_seconds", "adaptive")

router = APIRouter(route_class=StrictRoute, tags=["schedules"])
Name = Annotated[str, Path(pattern=NAME, examples=["nightly"])]


@router.post("/schedules", status_code=201)
async def add_schedule(new: ScheduleIn, web: Web, response: Response) -> ScheduleOut:
    """Adds a schedule: by `cron`, `every_seconds`, or `adaptive`."""
    checked_params(handler_of(new.type, "/type"), new.params, parent="/params")
    timing = _timing(new, None)
    if timing is None:
        raise invalid([Fault("", f"give one of {', '.join(KINDS)}")])
    columns = {**timing, **_columns(new)}
    _refuse_skip_of_adaptive(columns)
    async with web.transaction() as conn:
        with _told():
            out = ScheduleOut.of(await schedules.create(conn, NewSchedule(new.name, **columns)))
    response.headers["Location"] = out.links.self
    return out


@router.post("/schedules/defaults")
async def add_default_schedules(web: Web) -> DefaultSchedules:
    """Adds the usual schedules of football that are not there; one of the same name stays as it is."""
    added = []
    async with web.transaction() as conn:
        for new in DEFAULTS:
            with suppress(schedules.ScheduleExists):
                added.append(ScheduleOut.of(await schedules.create(conn, new)))
    there = {one.name for one in added}
    return DefaultSchedules(added=added, kept=[new.name for new in DEFAULTS if new.name not in there])


@router.get("/schedules")
async def find_schedules(
    web: Web,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=NAME, description="next_cursor of the page before")] = None,
) -> SchedulePage:
    """The schedules by name. Follow `next_cursor` to the next ones."""
    async with web.read() as conn:
        found = await list_schedules(conn, after=cursor or "", limit=limit + 1)
    page = found[:limit]
    next_cursor = page[-1].name if len(found) > limit else None
    return SchedulePage(items=[ScheduleOut.of(row) for row in page], next_cursor=next_cursor)


@router.get("/schedules/{name}")
async def show_schedule(name: Name, web: Web) -> ScheduleOut:
    async with web.read() as conn:
        return ScheduleOut.of(_existing(name, await find_schedule(conn, name)))


@router.patch("/schedules/{name}")
async def change_schedule(name: Name, changes: ScheduleChanges, web: Web) -> ScheduleOut:
    """Changes what is given. Another timing counts from now; `params` are replaced as a whole."""
    async with web.transaction() as conn:
        row = _existing(name, await find_schedule(conn, name, hold=True))
        if changes.model_fields_set & {"type", "params"}:
            handler = handler_of(changes.type or row.job_type, "/type")
            given = row.params if changes.params is None else changes.params
            checked_params(handler, given, parent="/params")
        columns = {**(_timing(changes, row) or {}), **_columns(changes)}
        _refuse_skip_of_adaptive({**vars(row), **columns})
        with _told():
            return ScheduleOut.of(await schedules.change(conn, row, columns))


@router.delete("/schedules/{name}", status_code=204)
async def remove_schedule(name: Name, web: Web) -> None:
    """Deletes the schedule; the jobs that it added stay."""
    async with web.transaction() as conn:
        if not await delete_schedule(conn, name):
            raise _not_found(name)


@router.post("/schedules/{name}/run", status_code=202)
async def run_schedule(name: Name, web: Web, submitting: Submitting, response: Response) -> JobOut:
    """Adds the schedule's job at once, paused or not. Its next time stays as it is."""
    async with web.read() as conn:
        row = _existing(name, await find_schedule(conn, name))
    try:
        handler, params = schedules.job_of(row)
    except schedules.CannotRun as error:
        raise Problem("schedule-cannot-run", f"{error}; change the schedule") from None
    return accepted(response, await submitting.add(handler, params, priority=row.priority))


@router.post("/schedules/{name}/pause")
async def pause_schedule(name: Name, web: Web, requested_by: RequestedBy = None) -> ScheduleOut:
    """The schedule adds no jobs until it is resumed; the times that pass are not made up for."""
    async with web.transaction() as conn:
        row = _existing(name, await find_schedule(conn, name, hold=True))
        return ScheduleOut.of(await schedules.pause(conn, row, requested_by))


@router.post("/schedules/{name}/resume")
async def resume_schedule(name: Name, web: Web) -> ScheduleOut:
    """The schedule adds jobs again, from its next time on."""
    async with web.transaction() as conn:
        row = _existing(name, await find_schedule(conn, name, hold=True))
        with _told():
            return ScheduleOut.of(await schedules.resume(conn, row))


@router.get("/schedules/{name}/upcoming")
async def show_upcoming(name: Name, web: Web, count: Annotated[int, Query(ge=1, le=100)] = 10) -> Upcoming:
    """The next times; of an adaptive schedule the next one, and none while its job is active.

    A paused schedule shows what would come if it were resumed now.
    """
    async with web.read() as conn:
        row = _existing(name, await find_schedule(conn, name))
        now = await database_now(conn)
    with _told():
        return Upcoming(items=schedules.upcoming(row, now, count))


@router.get("/schedules/{name}/ticks")
async def show_ticks(name: Name, web: Web, limit: Annotated[int, Query(ge=1, le=TICKS_KEPT)] = 20) -> Ticks:
    """What became of the latest times, the latest first."""
    async with web.read() as conn:
        row = _existing(name, await find_schedule(conn, name))
        ticks = await latest_ticks(conn, row.id, limit)
    return Ticks(items=[TickOut.model_validate(tick) for tick in ticks])


def _timing(given: ScheduleChanges, row: ScheduleRow | None) -> dict[str, Any] | None:
    """The columns of the timing that is asked for; None when it stays as it is."""
    kinds = [kind for kind in KINDS if getattr(given, kind) is not None]
    if len(kinds) > 1:
        raise invalid([Fault(f"/{kind}", f"give only one of {', '.join(KINDS)}") for kind in kinds[1:]])
    cron = given.cron or (row.cron if row and not kinds else None)
    if given.time_zone is not None and cron is None:
        raise invalid([Fault("/time_zone", "only a cron expression has a time zone; give it with cron")])
    if not kinds and given.time_zone is None:
        return None
    zone = given.time_zone or (row and row.time_zone) or "UTC"
    adaptive = given.adaptive
    return {
        "cron": cron,
        "time_zone": zone if cron is not None else None,
        "every": _period(given.every_seconds),
        "min_wait": _period(adaptive.min_seconds if adaptive else None),
        "max_wait": _period(adaptive.max_seconds if adaptive else None),
    }


def _columns(given: ScheduleChanges) -> dict[str, Any]:
    """The columns of everything else that is given."""
    columns = given.model_dump(include={"params", "misfire", "priority"}, exclude_unset=True)
    if given.type is not None:
        columns["job_type"] = given.type
    if given.misfire_after_seconds is not None:
        columns["misfire_after"] = _period(given.misfire_after_seconds)
    return columns


def _refuse_skip_of_adaptive(columns: dict[str, Any]) -> None:
    if columns["max_wait"] is not None and columns.get("misfire") == "skip":
        told = "an adaptive schedule misses nothing: its job runs late; give misfire as run_once"
        raise invalid([Fault("/misfire", told)])


def _period(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


@contextmanager
def _told() -> Iterator[None]:
    """Turns what is wrong with a schedule as a whole into an answer."""
    try:
        yield
    except BadCron as error:
        raise invalid([Fault("/cron", f"{error}")]) from None
    except BadTimeZone as error:
        raise invalid([Fault("/time_zone", f"{error}")]) from None
    except schedules.ScheduleExists as error:
        raise Problem("schedule-exists", f"{error}; change it, or take another name") from None


def _existing(name: str, row: ScheduleRow | None) -> ScheduleRow:
    if row is None:
        raise _not_found(name)
    return row


def _not_found(name: str) -> Problem:
    return Problem("schedule-not-found", f"there is no schedule {name}; GET /api/schedules lists them")
