"""Schedules that run again when their handler says so."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs.service import cancel
from tests.engine.schedules import HOUR, MINUTE, NOON, POLL, SECOND, Clock

pytestmark = pytest.mark.anyio


async def test_an_adaptive_schedule_runs_at_once_and_then_as_its_handler_says(clock: Clock) -> None:
    await clock.create(POLL)
    [first] = await clock.tick()
    assert await clock.tick(HOUR) == []  # its job is still active
    schedule = await clock.schedule("poll")
    assert (schedule.next_at, schedule.waits_for_job) == (None, first)
    await clock.end(first, '{"seconds": 90.0}')
    ended_at = clock.now
    await clock.tick(5 * SECOND)
    schedule = await clock.schedule("poll")
    assert (schedule.next_at, schedule.waits_for_job) == (ended_at + 90 * SECOND, None)
    assert await clock.tick(84 * SECOND) == []
    assert len(await clock.tick(SECOND)) == 1


@pytest.mark.parametrize(
    ("result", "wait"),
    [
        ('{"seconds": 0.5}', 10 * SECOND),
        ('{"seconds": -5.0}', 10 * SECOND),
        ('{"seconds": 1e9}', 10 * MINUTE),
        ("null", 10 * MINUTE),
        ('"raises"', 10 * MINUTE),
        ('"wrong"', 10 * MINUTE),
    ],
)
async def test_what_the_handler_says_is_bounded_and_silence_is_the_longest_wait(
    clock: Clock, result: str, wait: timedelta
) -> None:
    await clock.create(POLL)
    [job_id] = await clock.tick()
    await clock.end(job_id, result)
    await clock.tick()
    assert (await clock.schedule("poll")).next_at == NOON + wait


async def test_a_job_that_did_not_complete_or_is_gone_counts_as_silence(clock: Clock) -> None:
    await clock.create(POLL)
    [job_id] = await clock.tick()
    async with clock.transaction() as conn:
        await cancel(conn, job_id)
    await clock.tick(MINUTE)
    assert (await clock.schedule("poll")).next_at == NOON + 10 * MINUTE
    [job_id] = await clock.tick(10 * MINUTE)
    async with clock.transaction() as conn:
        await conn.execute(text("delete from procrastinate_jobs"))
    await clock.tick(MINUTE)
    assert (await clock.schedule("poll")).next_at == clock.now + 10 * MINUTE


async def test_an_adaptive_schedule_that_could_not_run_waits_the_longest_time(clock: Clock) -> None:
    await clock.create(POLL, params={"stage": 1})
    assert await clock.tick() == []
    assert (await clock.schedule("poll")).next_at == NOON + 10 * MINUTE
