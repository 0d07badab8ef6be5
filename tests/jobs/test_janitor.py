"""What a real worker does for all: schedules give jobs, jobs whose time has come begin."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.main import create_app
from config.settings import Settings
from jobs import schedules, service
from jobs.handler import JobParams
from jobs.janitor import Janitor
from store.database import Database
from store.jobs import JobFilter, JobRow, list_jobs
from store.schedules import NewSchedule, find_schedule
from tests.app.conftest import client_of
from tests.engine import NoopHandler
from tests.engine.worker import eventually, has_ended, until, worker

pytestmark = pytest.mark.anyio


async def test_a_schedule_gives_jobs_until_it_is_paused(database: Database) -> None:
    async def completed() -> int:
        async with database.read() as conn:
            return len(await list_jobs(conn, JobFilter(statuses=("completed",))))

    new = NewSchedule("often", "test_noop", every=timedelta(seconds=1))
    async with database.transaction() as conn:
        await schedules.create(conn, new)
    with worker(database.url), worker(database.url):
        await eventually(completed, lambda count: count >= 3)
        async with database.transaction() as conn:
            schedule = await find_schedule(conn, "often", hold=True)
            assert schedule is not None
            await schedules.pause(conn, schedule, "ops")
        async with database.read() as conn:
            jobs = await list_jobs(conn, JobFilter())
    times = sorted(job.created_at for job in jobs)
    assert {job.requested_by for job in jobs} == {"schedule:often"}
    # One for each time, though two workers look.
    assert len(times) <= (times[-1] - times[0]).total_seconds() + 2


async def test_a_schedule_made_over_http_runs_in_a_worker(database: Database, tmp_path: Path) -> None:
    async def schedule() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get("/api/schedules/often")).json()
        return found

    async def ended() -> list[JobRow]:
        async with database.read() as conn:
            return await list_jobs(conn, JobFilter(statuses=("completed",)))

    settings = Settings(_env_file=None, database_url=database.url, matchday_home=tmp_path)
    async with client_of(create_app(settings)) as client:
        with worker(database.url):
            new = {"name": "often", "type": "test_noop", "every_seconds": 3600}
            assert (await client.post("/api/schedules", json=new)).status_code == 201
            assert (await client.post("/api/schedules/often/pause")).status_code == 200
            ran = (await client.post("/api/schedules/often/run")).json()  # paused or not
            await until(database, ran["id"], has_ended)
            assert (await client.patch("/api/schedules/often", json={"every_seconds": 1})).status_code == 200
            assert (await client.post("/api/schedules/often/resume")).status_code == 200
            await eventually(ended, lambda jobs: len(jobs) >= 2)
            seen = await eventually(schedule, lambda seen: seen["last_job_id"] is not None)
            ticks = (await client.get("/api/schedules/often/ticks")).json()["items"]
    assert seen["last_job_id"] != ran["id"]
    assert {tick["outcome"] for tick in ticks} == {"enqueued"}


async def test_a_duty_that_fails_does_not_keep_dead_workers_jobs(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
        await conn.execute(text("select fetch_jobs(null, null, null, null, 1)"))  # for nobody who lives
        await conn.execute(text("alter function ready_due_jobs(double precision) rename to not_there"))
    try:
        with pytest.raises(ProgrammingError, match="ready_due_jobs"):
            await Janitor(database).round()
    finally:
        async with database.transaction() as conn:
            await conn.execute(text("alter function not_there(double precision) rename to ready_due_jobs"))
    assert (await until(database, job_id, lambda _: True)).status == "pending"


async def test_a_job_begins_at_its_time(database: Database) -> None:
    async def run(due: datetime | None) -> JobRow:
        async with database.transaction() as conn:
            job_id = await service.submit(conn, NoopHandler, JobParams(), run_after=due)
        return await until(database, job_id, has_ended)

    with worker(database.url):
        await run(None)  # the worker is there
        due = datetime.now(UTC) + timedelta(seconds=1)
        job = await run(due)
    assert job.started_at is not None
    assert timedelta(0) <= job.started_at - due < timedelta(seconds=1)
