"""The report is made whatever its checks do, and says what they measured."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings, override
from health import report as report_module
from health.checks import CHECKS, Reading, Subject, Threshold, providers
from health.readiness import Readiness, readiness
from health.report import HealthReports, report
from store.database import Database
from store.providers import note_failure, note_success

pytestmark = pytest.mark.anyio


@pytest.fixture
def subject(database: Database, tmp_path: Path) -> Subject:
    settings = Settings(_env_file=None, database_url=database.url)
    return Subject(database, tmp_path / "not" / "yet" / "there", settings)


async def well(_: Subject) -> Reading:
    return Reading("pass", 1, "jobs")


async def worried(_: Subject) -> Reading:
    return Reading("warn", 2, "jobs", Threshold(warn=2))


async def broken(_: Subject) -> Reading:
    raise RuntimeError("secret=hunter2")


async def hanging(_: Subject) -> Reading:
    await asyncio.Event().wait()
    raise AssertionError


async def test_an_empty_platform_is_worth_a_warning_not_a_failure(subject: Subject) -> None:
    made = await report(subject)
    assert set(made.checks) == set(CHECKS)
    statuses = {name: reading.status for name, reading in made.checks.items()}
    assert made.status == ("fail" if "fail" in statuses.values() else "warn")
    assert statuses["database:latency"] == statuses["database:migrations"] == "pass"
    assert statuses["workers:alive"] == statuses["model:active"] == statuses["data:age"] == "warn"


async def test_every_check_has_a_value_with_its_unit(subject: Subject) -> None:
    made = await report(subject)
    measured = {name: reading for name, reading in made.checks.items() if reading.value is not None}
    assert set(CHECKS) - set(measured) == {"model:active", "data:age"}
    assert all(reading.unit for reading in made.checks.values())
    assert 0 < float(measured["database:latency"].value or 0) < 1_000


async def test_jobs_that_lose_their_worker_again_and_again_are_told(subject: Subject) -> None:
    add = text(
        "insert into procrastinate_jobs (queue_name, task_name, status, losses, finished_at) values"
        " ('default', 'x', 'failed', 3, now()), ('default', 'x', 'failed', 3, now() - interval '2 hours'),"
        " ('default', 'x', 'failed', 2, now()), ('default', 'x', 'succeeded', 2, now()) returning id"
    )
    async with subject.database.transaction() as conn:
        first = (await conn.scalars(add)).all()[0]
    reading = (await report(subject)).checks["jobs:lost"]
    assert (reading.status, reading.value) == ("warn", 1)
    assert f"job {first}:" in reading.output


async def test_waiting_jobs_and_live_workers_are_counted(subject: Subject) -> None:
    async with subject.database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_jobs (queue_name, task_name, created_at)"
                " values ('a', 't', now() - interval '10 minutes'), ('b', 't', now())"
            )
        )
        await conn.execute(text("insert into procrastinate_workers default values"))
        await conn.execute(
            text("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')")
        )
    checks = (await report(subject)).checks
    assert checks["queue:pending"].value == 2
    assert checks["queue:oldest_pending"].status == "warn"
    assert 600 <= float(checks["queue:oldest_pending"].value or 0) < 700
    assert (checks["workers:alive"].status, checks["workers:alive"].value) == ("pass", 1)


async def test_who_keeps_a_transaction_open_is_named(subject: Subject, database_url: str) -> None:
    begun = Database(database_url, process="a forgotten console")
    async with begun.transaction() as conn:
        await conn.execute(text("set transaction isolation level repeatable read"))
        await conn.execute(text("select count(*) from job_queue"))
        await asyncio.sleep(0.2)
        reading = (await report(subject)).checks["database:oldest_transaction"]
    await begun.close()
    assert reading.unit == "s"
    assert float(reading.value or 0) >= 0.2
    assert "a forgotten console" in reading.output


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ({"a": well}, "pass"),
        ({"a": well, "b": worried}, "warn"),
        ({"a": worried, "b": broken}, "fail"),
    ],
)
async def test_the_report_is_as_bad_as_its_worst_check(subject: Subject, checks, status: str) -> None:  # type: ignore[no-untyped-def]
    assert (await report(subject, checks)).status == status


async def test_a_broken_check_is_a_result_without_secrets(subject: Subject) -> None:
    made = await report(subject, {"a": broken, "b": well})
    assert made.checks["a"] == Reading("fail", None, "", output="the check itself failed; the log says why")
    assert made.checks["b"].status == "pass"


async def test_a_hanging_check_is_cut_off(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_module, "CHECK_TIMEOUT", timedelta(milliseconds=20))
    made = await report(subject, {"a": hanging, "b": well})
    assert made.checks["a"].output == "no answer within 0.02 s"
    assert made.checks["b"].status == "pass"


async def test_a_fresh_report_serves_many_callers(subject: Subject) -> None:
    made = 0

    async def counted(_: Subject) -> Reading:
        nonlocal made
        made += 1
        return Reading("pass", made, "calls")

    reports = HealthReports(subject, {"a": counted})
    answers = await asyncio.gather(*(reports.latest() for _ in range(20)))
    assert made == 1
    assert len({id(answer) for answer in answers}) == 1


async def test_a_migrated_database_is_ready(database: Database) -> None:
    assert await readiness(database) == Readiness()


async def test_a_database_without_tables_is_not_ready(empty_database_url: str) -> None:
    database = Database(empty_database_url, process="test", pool_size=1)
    reason = (await readiness(database)).obstacle
    await database.close()
    assert reason is not None
    assert "matchday migrate" in reason
    assert "0002_jobs.sql" in reason


async def test_a_database_that_refuses_is_not_ready() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", process="test", pool_size=1)
    assert (await readiness(database)).obstacle == "the database cannot be reached"
    await database.close()


async def test_a_worker_that_hears_no_notifications_is_a_warning(subject: Subject) -> None:
    async with subject.database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_workers (name, polls, last_heartbeat) values"
                " ('deaf', true, now()), ('gone', true, now() - interval '1 h'), ('well', false, now())"
            )
        )
    ready, made = await readiness(subject.database), await report(subject)
    assert ready.obstacle is None
    assert [warning.partition(":")[0] for warning in ready.warnings] == ["1 workers poll"]
    reading = made.checks["workers:polling"]
    assert (reading.status, reading.value) == ("warn", 1)
    assert "DATABASE_URL_DIRECT" in reading.output


async def test_a_provider_that_failed_lately_is_worth_a_warning(subject: Subject, database: Database) -> None:
    on = replace(subject, settings=override(subject.settings, {"sportmonks_api_key": "hunter2"}))
    async with database.transaction() as conn:
        await note_success(conn, "sportmonks")
    well_asked = await providers(on)
    async with database.transaction() as conn:
        await note_failure(conn, "sportmonks", "the server answered 503")
        await note_failure(conn, "sportmonks", "the server answered 503")
    failed = await providers(on)
    async with database.transaction() as conn:
        await note_success(conn, "sportmonks")
    again = await providers(on)
    assert [reading.status for reading in (well_asked, failed, again)] == ["pass", "warn", "pass"]
    assert "failed 2 times in a row" in failed.output
    assert "the server answered 503" in failed.output
    assert "hunter2" not in failed.output


async def test_a_failure_of_long_ago_is_no_news(subject: Subject, database: Database) -> None:
    on = replace(subject, settings=override(subject.settings, {"sportmonks_api_key": "key"}))
    async with database.transaction() as conn:
        await note_failure(conn, "sportmonks", "the server answered 503")
        await conn.execute(text("update provider_states set last_failure_at = now() - interval '2 days'"))
    assert (await providers(on)).status == "pass"


async def test_a_provider_without_a_key_is_left_out_and_no_fault(subject: Subject) -> None:
    reading = await providers(subject)
    assert (reading.status, reading.value) == ("pass", 1)
    assert "SPORTMONKS_API_KEY is not set" in reading.output
