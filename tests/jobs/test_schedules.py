"""Schedules on a clock that the test turns: one job for each time, whatever fails."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs import schedules
from jobs.schedules import change, tick
from jobs.service import cancel, submit
from store.database import DatabaseUnavailable
from store.schedules import TickRow, find_schedule
from tests.engine import KeyedHandler, KeyedParams
from tests.engine.schedules import (
    HOUR,
    HOURLY,
    MINUTE,
    MINUTELY,
    WORKERS,
    Clock,
    at,
)

pytestmark = pytest.mark.anyio


async def test_a_job_is_added_when_the_time_has_come(clock: Clock) -> None:
    await clock.create(HOURLY, job_type="test_keyed", params={"key": "a"}, priority=7)
    assert await clock.tick(59 * MINUTE) == []
    [job_id] = await clock.tick(MINUTE)
    [job] = await clock.jobs()
    assert (job.id, job.job_type, job.params, job.priority) == (job_id, "test_keyed", {"key": "a"}, 7)
    assert job.requested_by == "schedule:hourly"
    schedule = await clock.schedule("hourly")
    assert (schedule.last_at, schedule.next_at) == (at("13:00"), at("14:00"))
    assert (schedule.last_job_id, schedule.last_error) == (job_id, None)
    assert await clock.ticks("hourly") == [TickRow(at("13:00"), at("13:00:30"), "enqueued", job_id, None)]


async def test_job_and_schedule_commit_together_or_not_at_all(clock: Clock) -> None:
    await clock.create(MINUTELY)
    before = await clock.schedule("minutely")
    clock.now += MINUTE
    with pytest.raises(RuntimeError):
        async with clock.transaction() as conn:
            assert len(await tick(conn)) == 1
            raise RuntimeError
    assert await clock.jobs() == []
    assert await clock.schedule("minutely") == before
    assert len(await clock.tick()) == 1


async def test_many_workers_add_one_job_for_each_time(many_connections: Clock) -> None:
    clock = many_connections
    names = [f"s{number}" for number in range(5)]
    for name in names:
        await clock.create(MINUTELY, name=name)
    found: list[int] = []
    for _ in range(12):
        clock.now += MINUTE
        for added in await asyncio.gather(*(clock.tick() for _ in range(WORKERS))):
            found += added
    assert sorted(found) == sorted(job.id for job in await clock.jobs())
    assert len(set(found)) == len(found) == 12 * 5
    for name in names:
        ticks = await clock.ticks(name)
        assert [one.tick_at for one in ticks] == [at("12:01") + n * MINUTE for n in range(12)]
        assert {one.job_id for one in ticks} < set(found)


async def test_a_schedule_that_another_worker_holds_is_left_to_it(clock: Clock) -> None:
    await clock.create(MINUTELY, name="a")
    await clock.create(MINUTELY, name="b")
    clock.now += MINUTE
    async with asyncio.timeout(30), clock.transaction() as first:
        assert await find_schedule(first, "a", hold=True)
        assert len(await clock.tick()) == 1
        assert len(await tick(first)) == 1
    assert await clock.tick() == []
    assert len(await clock.jobs()) == 2


async def test_the_same_work_still_active_is_not_added_again(clock: Clock) -> None:
    await clock.create(HOURLY, job_type="test_keyed", params={"key": "a"})
    async with clock.transaction() as conn:
        active = await submit(conn, KeyedHandler, KeyedParams(key="a"))
    assert await clock.tick(HOUR) == []
    assert [(one.outcome, one.job_id) for one in await clock.ticks("hourly")] == [("merged", active)]
    schedule = await clock.schedule("hourly")
    assert (schedule.last_job_id, schedule.last_error, schedule.next_at) == (active, None, at("14:00"))
    async with clock.transaction() as conn:
        await cancel(conn, active)
    assert len(await clock.tick(HOUR)) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"job_type": "gone"}, "there is no job type gone"),
        ({"job_type": "test_poll", "params": {"stage": 1}}, "/stage Input should be a valid string"),
        ({"params": {"old": 1}}, "/old Extra inputs are not permitted"),
        ({"job_type": "test_broken"}, "the job could not be added; a worker's log has the reason"),
    ],
)
async def test_a_schedule_that_cannot_run_says_why_and_goes_on(
    clock: Clock, wrong: dict[str, Any], told: str
) -> None:
    await clock.create(HOURLY, **wrong)
    await clock.create(HOURLY, name="other")
    for _ in range(2):
        assert len(await clock.tick(HOUR)) == 1
    schedule = await clock.schedule("hourly")
    assert told in str(schedule.last_error)
    assert (schedule.next_at, schedule.last_at, schedule.last_job_id) == (at("15:00"), None, None)
    assert [one.error for one in await clock.ticks("hourly")] == [schedule.last_error] * 2
    async with clock.transaction() as conn:
        await change(conn, schedule, {"job_type": "test_noop", "params": {}})
    assert len(await clock.tick(HOUR)) == 2
    assert (await clock.schedule("hourly")).last_error is None


async def test_what_the_server_refuses_for_now_is_put_off_and_stops_no_other(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.handler.storable_key", str)
    await clock.create(HOURLY, job_type="test_endless_key")
    await clock.create(HOURLY, name="other")
    before = await clock.schedule("hourly")
    assert len(await clock.tick(HOUR)) == 1
    assert await clock.schedule("hourly") == before
    assert await clock.ticks("hourly") == []
    async with clock.transaction() as conn:
        await change(conn, before, {"job_type": "test_noop"})
    assert len(await clock.tick(MINUTE)) == 1
    assert [one.tick_at for one in await clock.ticks("hourly")] == [at("13:00")]


async def test_a_lost_connection_is_the_callers_to_handle(clock: Clock, database_url: str) -> None:
    await clock.create(HOURLY)
    clock.now += HOUR
    with pytest.raises(DatabaseUnavailable):
        async with clock.transaction() as conn:
            pid = await conn.scalar(text("select pg_backend_pid()"))
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 10000)", [pid])
            await tick(conn)
    assert len(await clock.tick()) == 1


async def test_a_connection_lost_while_the_job_is_added_leaves_nothing(
    clock: Clock, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(conn: AsyncConnection, *given: Any, **options: Any) -> int:
        pid = await conn.scalar(text("select pg_backend_pid()"))
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", [pid])
        return await submit(conn, *given, **options)

    await clock.create(HOURLY)
    clock.now += HOUR
    with monkeypatch.context() as patched:
        patched.setattr(schedules, "submit", cut_off)
        with pytest.raises(DatabaseUnavailable):
            await clock.tick()
    assert await clock.jobs() == []
    assert len(await clock.tick()) == 1


@pytest.mark.parametrize("wrong", [{"cron": "never"}, {"time_zone": "Mars/Base"}])
async def test_a_timing_that_cannot_be_read_stops_the_schedule_and_no_other(
    clock: Clock, wrong: dict[str, str]
) -> None:
    await clock.create(HOURLY)
    await clock.create(HOURLY, name="other")
    async with clock.transaction() as conn:
        await conn.execute(text(f"update schedules set {next(iter(wrong))} = :to where name = 'hourly'"),
                           {"to": next(iter(wrong.values()))})  # fmt: skip
    assert len(await clock.tick(HOUR)) == 1
    schedule = await clock.schedule("hourly")
    assert schedule.next_at is None
    assert next(iter(wrong.values())) in str(schedule.last_error) or "5 fields" in str(schedule.last_error)
    assert len(await clock.tick(HOUR)) == 1


async def test_a_key_that_an_open_transaction_holds_puts_its_schedule_off_only(
    many_connections: Clock,
) -> None:
    clock = many_connections
    await clock.create(MINUTELY, name="a", job_type="test_keyed", params={"key": "held"})
    await clock.create(MINUTELY, name="b")
    clock.now += MINUTE
    async with asyncio.timeout(20), clock.transaction() as other:
        await submit(other, KeyedHandler, KeyedParams(key="held"))
        assert len(await clock.tick()) == 1
        assert (await clock.schedule("a")).last_error is None
