"""Schedules on a clock that the test turns: the database's, as the connections of a test see it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.handler import Handler, Job, JobParams
from jobs.schedules import create, tick
from store.database import Database
from store.jobs import JobFilter, JobRow, list_jobs
from store.schedules import NewSchedule, ScheduleRow, TickRow, find_schedule, latest_ticks

NOON = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
WORKERS = 12
# Found before PostgreSQL's own where the search path names it first.
CLOCK = """
    create schema if not exists test_clock;
    create or replace function test_clock.statement_timestamp() returns timestamptz language sql stable as
        $$ select current_setting('test.now')::timestamptz $$;
    create or replace function test_clock.clock_timestamp() returns timestamptz language sql stable as
        $$ select current_setting('test.now')::timestamptz $$;
"""


class PollParams(JobParams):
    stage: str = Field("far", max_length=9)


class PollHandler(Handler[PollParams]):
    """Says how long to wait by its result."""

    job_type = "test_poll"

    def next_wait(self, params: PollParams, result: Any) -> timedelta | None:
        match result:
            case {"seconds": float(seconds)}:
                return timedelta(seconds=seconds)
            case "raises":
                raise ValueError(params.stage)
            case "wrong":
                return 5  # type: ignore[return-value]
        return None

    async def run(self, params: PollParams, job: Job) -> None:
        return None


class BrokenHandler(Handler[JobParams]):
    job_type = "test_broken"

    def unique_key(self, params: JobParams) -> str:
        raise KeyError("nothing")

    async def run(self, params: JobParams, job: Job) -> None:
        return None


class EndlessKeyHandler(Handler[JobParams]):
    """Its key, unless it is shortened, is too long for an index: refused in the middle of the transaction."""

    job_type = "test_endless_key"

    def unique_key(self, params: JobParams) -> str:
        return secrets.token_hex(20_000)

    async def run(self, params: JobParams, job: Job) -> None:
        return None


MINUTELY = NewSchedule("minutely", "test_noop", cron="* * * * *", time_zone="UTC")
HOURLY = NewSchedule("hourly", "test_noop", cron="0 * * * *", time_zone="UTC")
OFTEN = NewSchedule("often", "test_noop", every=10 * MINUTE)
POLL = NewSchedule("poll", "test_poll", min_wait=10 * SECOND, max_wait=10 * MINUTE)


@dataclass
class Clock:
    """The database's clock as the connections of this test see it."""

    database: Database
    now: datetime = NOON

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.transaction() as conn:
            await self.set(conn)
            yield conn

    async def set(self, conn: AsyncConnection) -> None:
        await conn.execute(text("set local search_path = test_clock, pg_catalog, public"))
        await conn.execute(text("select set_config('test.now', :now, true)"), {"now": self.now.isoformat()})

    async def tick(self, after: timedelta = timedelta()) -> list[int]:
        """What a worker adds when it looks so much later."""
        self.now += after
        async with self.transaction() as conn:
            return await tick(conn)

    async def create(self, new: NewSchedule, **changes: Any) -> None:
        async with self.transaction() as conn:
            await created(conn, replace(new, **changes))

    async def schedule(self, name: str) -> ScheduleRow:
        async with self.database.read() as conn:
            found = await find_schedule(conn, name)
        assert found is not None
        return found

    async def ticks(self, name: str) -> list[TickRow]:
        """The oldest first."""
        schedule = await self.schedule(name)
        async with self.database.read() as conn:
            return (await latest_ticks(conn, schedule.id, 1_000))[::-1]

    async def outcomes(self, name: str) -> list[str]:
        return [one.outcome for one in await self.ticks(name)]

    async def jobs(self) -> list[JobRow]:
        async with self.database.read() as conn:
            return await list_jobs(conn, JobFilter(), limit=1_000)

    async def end(self, job_id: int, result: str) -> None:
        """Runs the job to its end, which is now."""
        async with self.transaction() as conn:
            await conn.execute(text("select fetch_jobs(null, null, null, null, 10)"))
            await conn.execute(
                text(
                    "select complete_runs('test', array[cast(:id as bigint)], '{1}', cast(:results as jsonb))"
                ),
                {"id": job_id, "results": f'{{"{job_id}": {result}}}'},
            )


async def created(conn: AsyncConnection, new: NewSchedule) -> ScheduleRow:
    """The schedule, added at the test's time: defaults of columns keep to the true clock."""
    schedule = await create(conn, new)
    await conn.execute(
        text("update schedules set created_at = clock_timestamp(), updated_at = clock_timestamp()")
    )
    return schedule


def at(clock_time: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-01T{clock_time}Z")
