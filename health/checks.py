"""One function per check: it measures one thing and says whether that is well."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import psutil
from sqlalchemy import text

from config.settings import Settings
from health.readiness import UNHEARD
from providers.catalogue import disabled, enabled
from store.database import Database
from store.jobs import QueueDepth, live_workers, queue_depths
from store.matches import data_age
from store.migrations import missing_migrations
from store.model_performance import latest_model_performance
from store.models import active_model
from store.providers import ProviderState, provider_states_by_source
from store.queries import query
from store.workers import polling_workers

Status = Literal["pass", "warn", "fail"]
# A worker writes its heartbeat every 10 seconds.
WORKER_ALIVE = timedelta(seconds=30)
SPORT = "football"
# Whoever failed, and was not asked again in that time, says nothing about today.
LATELY = timedelta(days=1)
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Threshold:
    """From which value on a check warns or fails; None means never."""

    warn: float | None = None
    fail: float | None = None


@dataclass(frozen=True)
class Reading:
    """What a check found; `value` is None when there was nothing to measure."""

    status: Status
    value: float | str | None
    unit: str
    threshold: Threshold = Threshold()
    output: str = ""


@dataclass(frozen=True)
class Subject:
    """What is looked at."""

    database: Database
    folder: Path
    settings: Settings


OLD_TRANSACTION = Threshold(warn=900)

Check = Callable[[Subject], Awaitable[Reading]]


async def database_latency(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        began = time.perf_counter()
        await conn.execute(text("select 1"))
        milliseconds = (time.perf_counter() - began) * 1000
    return _judged(round(milliseconds, 2), "ms", Threshold(warn=100, fail=1_000))


async def migrations(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        missing = await missing_migrations(conn)
    output = f"run `matchday migrate`: {', '.join(missing)}" if missing else ""
    return _judged(len(missing), "missing files", Threshold(fail=1), output)


async def oldest_transaction(subject: Subject) -> Reading:
    """While one is open, the space of jobs that are gone is not used again, and all queries get slower."""
    async with subject.database.read() as conn:
        oldest = (await conn.execute(query("oldest_transaction"))).first()
    if oldest is None:
        return _judged(0, "s", OLD_TRANSACTION)
    return _judged(round(oldest.seconds, 1), "s", OLD_TRANSACTION, oldest.holder)


async def queue_pending(subject: Subject) -> Reading:
    depths = await _depths(subject)
    running = sum(depth.running for depth in depths)
    return _judged(
        sum(depth.pending for depth in depths), "jobs", Threshold(warn=10_000), f"{running} running"
    )


async def queue_oldest_pending(subject: Subject) -> Reading:
    ages = [depth.oldest_pending_seconds or 0 for depth in await _depths(subject)]
    return _judged(round(max(ages, default=0), 1), "s", Threshold(warn=300, fail=3_600))


async def jobs_lost(subject: Subject) -> Reading:
    """Jobs that were ended because they had lost their worker at each start: most likely they kill it."""
    async with subject.database.read() as conn:
        lost = (await conn.execute(query("lost_for_good"))).one()
    output = f"the last is job {lost.latest}: its attempts say on which workers" if lost.latest else ""
    return _judged(lost.jobs, "jobs in an hour", Threshold(warn=1), output)


async def workers_alive(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        workers = await live_workers(conn, WORKER_ALIVE)
    if workers:
        return Reading("pass", workers, "workers")
    return Reading("warn", 0, "workers", output="no worker is running: jobs wait")


async def workers_polling(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        polling = await polling_workers(conn)
    return _judged(polling, "workers", Threshold(warn=1), f"they hear {UNHEARD}" if polling else "")


async def model_active(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        model = await active_model(conn, SPORT)
    if model is None:
        return Reading("warn", None, "version", output="no model predicts yet: run a data_pipeline job")
    return Reading("pass", f"{model.name} {model.version}", "version")


async def model_drift(subject: Subject) -> Reading:
    """Over how many of the times looked at the predictions that were served are worse than promised."""
    async with subject.database.read() as conn:
        latest = await latest_model_performance(conn, SPORT)
    drifted = [one for one in latest if one.drifted]
    return _judged(len(drifted), "windows", Threshold(warn=1), "; ".join(one.says for one in drifted))


async def data_age_hours(subject: Subject) -> Reading:
    async with subject.database.read() as conn:
        data = await data_age(conn)
    if data.last_change_at is None:
        return Reading("warn", None, "h", output="there are no matches yet: run a data_pipeline job")
    hours = (datetime.now(UTC) - data.last_change_at) / timedelta(hours=1)
    return _judged(round(max(hours, 0), 2), "h", Threshold(warn=24 * 7), f"{data.matches} matches")


async def providers(subject: Subject) -> Reading:
    """One that is left out is no fault; one that is on and failed when it was asked last is worth a look."""
    on = enabled(subject.settings)
    async with subject.database.read() as conn:
        states = await provider_states_by_source(conn)
    told = {one.name: states[one.name] for one in on if one.name in states}
    lines = [_fared(state) for state in told.values()]
    lines += [f"left out: {one.reason}" for one in disabled(subject.settings)]
    status: Status = "warn" if any(_failed_lately(state) for state in told.values()) else "pass"
    return Reading(status, len(on), "providers", output="; ".join(lines))


async def cpu_use(subject: Subject) -> Reading:  # noqa: ARG001 - the machine, whatever the subject
    # Since the last call: the share over the time between two reports.
    return _judged(psutil.cpu_percent(interval=None), "%", Threshold(warn=95))


async def memory_use(subject: Subject) -> Reading:  # noqa: ARG001
    return _judged(psutil.virtual_memory().percent, "%", Threshold(warn=90, fail=98))


async def process_memory(subject: Subject) -> Reading:  # noqa: ARG001
    resident = psutil.Process(os.getpid()).memory_info().rss
    return _judged(round(resident / MEGABYTE, 1), "MB", Threshold(warn=500))


async def disk_use(subject: Subject) -> Reading:
    usage = await asyncio.to_thread(_disk_usage_at, subject.folder.absolute())
    return _judged(usage.percent, "%", Threshold(warn=90, fail=98))


CHECKS: dict[str, Check] = {
    "database:latency": database_latency,
    "database:migrations": migrations,
    "database:oldest_transaction": oldest_transaction,
    "queue:pending": queue_pending,
    "queue:oldest_pending": queue_oldest_pending,
    "jobs:lost": jobs_lost,
    "workers:alive": workers_alive,
    "workers:polling": workers_polling,
    "model:active": model_active,
    "model:drift": model_drift,
    "data:age": data_age_hours,
    "providers:enabled": providers,
    "system:cpu": cpu_use,
    "system:memory": memory_use,
    "system:disk": disk_use,
    "process:memory": process_memory,
}


def _disk_usage_at(folder: Path) -> Any:
    """Of the folder, or of the nearest one above it while it does not exist."""
    return psutil.disk_usage(str(next(path for path in (folder, *folder.parents) if path.exists())))


async def _depths(subject: Subject) -> list[QueueDepth]:
    async with subject.database.read() as conn:
        return await queue_depths(conn)


def _failed_lately(state: ProviderState) -> bool:
    at = state.last_failure_at
    return state.failures > 0 and at is not None and datetime.now(UTC) - at < LATELY


def _fared(state: ProviderState) -> str:
    success = f"last success {_minute(state.last_success_at)}" if state.last_success_at else "no success yet"
    if not state.failures:
        return f"{state.source}: {success}"
    times = "once" if state.failures == 1 else f"{state.failures} times in a row"
    failed = f"failed {times}, last {_minute(state.last_failure_at)} ({state.last_error})"
    return f"{state.source}: {failed}, {success}"


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _judged(value: float, unit: str, threshold: Threshold, output: str = "") -> Reading:
    status: Status = "pass"
    if threshold.fail is not None and value >= threshold.fail:
        status = "fail"
    elif threshold.warn is not None and value >= threshold.warn:
        status = "warn"
    return Reading(status, value, unit, threshold, output)
