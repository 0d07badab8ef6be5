"""Times that were missed, or come again, or drift: one job for each all the same."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.schedules import tick, upcoming
from store.schedules import find_schedule, latest_ticks
from tests.engine.schedules import (
    DAY,
    HOUR,
    HOURLY,
    MINUTE,
    MINUTELY,
    NOON,
    OFTEN,
    SECOND,
    Clock,
    at,
    created,
)

pytestmark = pytest.mark.anyio


async def test_after_a_long_outage_each_schedule_adds_one_late_job(clock: Clock) -> None:
    await clock.create(MINUTELY)
    await clock.create(OFTEN)
    assert len(await clock.tick(90 * DAY)) == 2
    assert await clock.tick() == []
    assert (await clock.schedule("minutely")).next_at == NOON + 90 * DAY + 30 * SECOND
    assert (await clock.schedule("often")).next_at == NOON + 90 * DAY + 10 * MINUTE
    assert [one.tick_at for one in await clock.ticks("minutely")] == [at("12:01")]


async def test_missed_times_are_skipped_if_the_schedule_says_so(clock: Clock) -> None:
    await clock.create(HOURLY, misfire="skip", misfire_after=2 * MINUTE)
    assert await clock.tick(HOUR + 2 * MINUTE) == []
    assert await clock.outcomes("hourly") == ["skipped"]
    schedule = await clock.schedule("hourly")
    assert (schedule.last_at, schedule.next_at) == (None, at("14:00"))
    assert len(await clock.tick(HOUR - MINUTE)) == 1
    assert await clock.outcomes("hourly") == ["skipped", "enqueued"]


async def test_of_many_missed_times_one_within_the_tolerance_is_taken(clock: Clock) -> None:
    await clock.create(MINUTELY, misfire="skip", misfire_after=10 * SECOND)
    clock.now = at("15:10:05")
    assert len(await clock.tick()) == 1
    assert [(one.tick_at, one.outcome) for one in await clock.ticks("minutely")] == [
        (at("15:10"), "enqueued")
    ]


async def test_a_clock_that_jumps_ahead_and_back_neither_storms_nor_stops(clock: Clock) -> None:
    await clock.create(HOURLY)
    await clock.create(OFTEN)
    assert len(await clock.tick(2 * HOUR)) == 2  # 14:00:30
    assert await clock.tick(-2 * HOUR) == []  # 12:00:30 again
    hourly, often = await clock.schedule("hourly"), await clock.schedule("often")
    assert (hourly.next_at, often.next_at) == (at("13:00"), at("12:10:30"))
    added = [len(await clock.tick(10 * MINUTE)) for _ in range(18)]  # to 15:00:30
    # 13:00 of one and 12:10:30 of the other were run while the clock was ahead.
    assert [one.tick_at for one in await clock.ticks("hourly")] == [at(f"{hour}:00") for hour in (13, 14, 15)]
    assert await clock.outcomes("often") == ["enqueued"] * 18
    assert sum(added) == 2 + 17


async def test_fixed_intervals_do_not_drift(clock: Clock) -> None:
    await clock.create(OFTEN)
    for late in (0, 7, 3, 0):
        assert len(await clock.tick(10 * MINUTE + late * SECOND)) == 1
    expected = [NOON + n * 10 * MINUTE for n in range(1, 5)]
    assert [one.tick_at for one in await clock.ticks("often")] == expected


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([-120, -61, -5, -1, 0, 1, 1, 1, 1, 4, 9, 30, 120]), min_size=5, max_size=40),
    st.sampled_from(["* * * * *", "*/7 * * * *", "0,30 * * * *"]),
    st.sampled_from(["run_once", "skip"]),
)
async def test_whatever_the_clock_does_each_time_gives_one_job_at_most(
    clock: Clock, moves: list[int], cron: str, misfire: str
) -> None:
    async with clock.database.read() as conn:  # nothing of it stays
        clock.now = NOON
        await clock.set(conn)
        schedule = await created(conn, replace(MINUTELY, cron=cron, misfire=misfire))
        added: list[int] = []
        for minutes in moves:
            clock.now += minutes * MINUTE
            await clock.set(conn)
            found = await tick(conn)
            assert len(found) <= 1
            assert await tick(conn) == []
            row = await find_schedule(conn, schedule.name)
            assert row is not None
            assert row.next_at is not None
            # Never in the past, and as near as the expression allows; a step back of a minute is forgiven.
            assert clock.now < row.next_at <= upcoming(row, clock.now + MINUTE, 1)[0]
            added += found
        ticks = await latest_ticks(conn, schedule.id, 1_000)
    assert sorted(one.job_id for one in ticks if one.outcome == "enqueued" and one.job_id) == sorted(added)
    assert len({one.tick_at for one in ticks}) == len(ticks)
    assert all(one.outcome == "enqueued" or misfire == "skip" for one in ticks)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 59), min_size=10, max_size=60), st.sampled_from(["run_once", "skip"]))
async def test_no_time_is_missed_or_doubled_while_a_worker_looks_often_enough(
    clock: Clock, seconds: list[int], misfire: str
) -> None:
    async with clock.database.read() as conn:
        clock.now = NOON
        await clock.set(conn)
        schedule = await created(conn, replace(MINUTELY, misfire=misfire))
        for wait in seconds:
            clock.now += wait * SECOND
            await clock.set(conn)
            await tick(conn)
        ticks = await latest_ticks(conn, schedule.id, 1_000)
    minutes = (clock.now - at("12:00")) // MINUTE
    assert [one.tick_at for one in ticks[::-1]] == [at("12:00") + n * MINUTE for n in range(1, minutes + 1)]
    assert {one.outcome for one in ticks} <= {"enqueued"}
