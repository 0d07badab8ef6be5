"""procrastinate's own parts on our tables: its worker drains them, its defer API and command line work."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import text

from config.settings import Settings
from jobs import procrastinate_app, service
from jobs.handler import JobParams
from store.database import Database
from store.jobs import JobRow, get_job
from store.pipelines import graph_steps
from tests.engine import KeyedHandler, KeyedParams, NoopHandler, SumParams
from tests.engine.graphs import DIAMOND, submitted
from tests.engine.worker import ROOT, has_ended, until, worker

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def stock_app(url: str) -> AsyncIterator[App]:
    """Nothing of ours: procrastinate as its documentation says."""
    app = App(connector=PsycopgConnector(conninfo=url))
    tried: list[str] = []

    async def noop(params: dict[str, Any] | None = None, meta: dict[str, Any] | None = None) -> None:
        return None

    async def fails_once() -> None:
        tried.append("once")
        if len(tried) == 1:
            raise ValueError("bad data")

    app.task(name="test_noop")(noop)
    app.task(name="test_keyed")(noop)
    app.task(name="fails", retry=RetryStrategy(max_attempts=1))(fails_once)
    async with app.open_async():
        yield app


async def job(database: Database, job_id: int) -> JobRow:
    async with database.read() as conn:
        found = await get_job(conn, job_id)
    assert found is not None
    return found


async def test_a_stock_worker_drains_the_tables(database: Database) -> None:
    async with database.transaction() as conn:
        ids = await service.submit_many(conn, NoopHandler, [JobParams()] * 30)
        ids.append(await service.submit(conn, KeyedHandler, KeyedParams(key="k"), priority=5))
        later = await service.submit(
            conn, NoopHandler, JobParams(), run_after=datetime.now(UTC) + timedelta(hours=1)
        )
    async with stock_app(database.url) as app:
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        statuses = await asyncio.gather(*(app.job_manager.get_job_status_async(job_id) for job_id in ids))
    assert {status.value for status in statuses} == {"succeeded"}
    done = await job(database, ids[-1])
    assert (done.status, done.attempt, done.progress) == ("completed", 1, 1)
    assert done.created_at <= (done.started_at or done.created_at) <= (done.finished_at or done.created_at)
    assert (await job(database, later)).status == "pending"
    async with database.transaction() as conn:  # its key is free again
        await service.submit(conn, KeyedHandler, KeyedParams(key="k"))


async def test_a_failed_task_is_tried_again_as_its_strategy_says(database: Database) -> None:
    async with stock_app(database.url) as app:
        job_id = await app.configure_task("fails").defer_async()
        await app.run_worker_async(wait=False, install_signal_handlers=False)
    done = await job(database, job_id)
    assert (done.status, done.attempt) == ("completed", 2)


async def test_locks_are_kept_by_our_worker_too(database: Database) -> None:
    async with stock_app(database.url) as app:
        task = app.configure_task("test_noop", lock="one", queueing_lock="q")
        first = await task.defer_async()
        with pytest.raises(AlreadyEnqueued):
            await task.defer_async()
        second = await app.configure_task("test_noop", lock="one").defer_async()
        with worker(database.url):
            ended = [await until(database, job_id, has_ended) for job_id in (first, second)]
    assert [one.status for one in ended] == ["completed", "completed"]
    assert (ended[0].finished_at or ended[0].created_at) <= (ended[1].started_at or ended[0].created_at)


async def test_what_procrastinate_cancels_is_cancelled(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
    async with stock_app(database.url) as app:
        assert await app.job_manager.cancel_job_by_id_async(job_id)
        assert not await app.job_manager.cancel_job_by_id_async(job_id)
    assert (await job(database, job_id)).status == "cancelled"


async def test_its_events_are_told_from_our_times(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
    async with stock_app(database.url) as app:
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        await app.job_manager.delete_old_jobs(nb_hours=1)
        async with database.read() as conn:
            events = await conn.scalars(
                text("select type from procrastinate_events where job_id = :id order by id"), {"id": job_id}
            )
            assert list(events) == ["deferred", "started", "succeeded"]


async def test_its_worker_gives_the_steps_of_a_pipeline_their_inputs(
    database: Database, tmp_path: Path
) -> None:
    ids = await submitted(database, DIAMOND, b=SumParams(add=10))
    settings = Settings(_env_file=None, database_url=database.url, matchday_home=tmp_path)
    app = procrastinate_app.create_app(settings)
    async with app.open_async():
        await app.run_worker_async(wait=False, concurrency=1, install_signal_handlers=False)
    async with database.read() as conn:
        steps = await graph_steps(conn, ids["a"], results=True)
    assert {step.name: step.result for step in steps} == {
        "a": {"value": 1}, "b": {"value": 11}, "c": {"value": 2}, "d": {"value": 14},
    }  # fmt: skip


def test_the_command_line_defers_runs_and_checks(database_url: str, clean_database: None) -> None:
    def procrastinate(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "procrastinate", "--app=jobs.procrastinate_app.app", *arguments],
            cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url}, check=True, timeout=60,
        )  # fmt: skip

    procrastinate("healthchecks")
    procrastinate("defer", "cleanup", '{"params": {"older_than_days": 7}}')
    procrastinate("worker", "--one-shot")
    with psycopg.connect(database_url) as conn:
        rows = conn.execute("select job_type, status, result from job_queue").fetchall()
    nothing = {"deleted": 0, "keys_deleted": 0, "predictions_deleted": 0, "picks_deleted": 0}
    assert rows == [("cleanup", "completed", nothing)]
