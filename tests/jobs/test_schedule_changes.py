"""Schedules that are paused, changed, refused or asked about."""

import pytest
from sqlalchemy import event

from jobs import schedules
from jobs.cron import BadCron, BadTimeZone
from jobs.handler import HANDLERS
from jobs.schedules import change, job_of, pause, resume, tick, upcoming
from store.schedules import NewSchedule, seconds_until_next
from tests.engine import KeyedParams
from tests.engine.schedules import HOUR, HOURLY, MINUTE, MINUTELY, NOON, OFTEN, POLL, SECOND, Clock, at

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("new", [HOURLY, OFTEN, POLL])
async def test_a_paused_schedule_lets_its_times_pass(clock: Clock, new: NewSchedule) -> None:
    await clock.create(new)
    async with clock.transaction() as conn:
        first = await pause(conn, await clock.schedule(new.name), "ann")
        assert await pause(conn, first, "bob") == first
    assert (first.paused_at, first.paused_by) == (NOON, "ann")
    assert await clock.tick(6 * HOUR) == []
    async with clock.transaction() as conn:
        resumed = await resume(conn, first)
        assert (resumed.paused_at, resumed.paused_by) == (None, None)
    added = await clock.tick()
    assert len(added) == (1 if new is POLL else 0)
    assert len(await clock.tick(HOUR)) == (0 if new is POLL else 1)


async def test_another_timing_counts_from_now_and_other_changes_keep_the_next_time(clock: Clock) -> None:
    await clock.create(OFTEN)
    clock.now += 4 * MINUTE
    async with clock.transaction() as conn:
        schedule = await change(conn, await clock.schedule("often"), {"priority": 3, "every": 10 * MINUTE})
        assert schedule.next_at == NOON + 10 * MINUTE
        schedule = await change(conn, schedule, {"every": HOUR})
        assert schedule.next_at == clock.now + HOUR
        with pytest.raises(BadCron, match="5 fields"):
            await change(conn, schedule, {"every": None, "cron": "hourly", "time_zone": "UTC"})
        with pytest.raises(BadTimeZone):
            await change(conn, schedule, {"every": None, "cron": "0 * * * *", "time_zone": "Mars"})
    assert (await clock.schedule("often")).every == HOUR


async def test_a_changed_timing_does_not_run_a_time_again(clock: Clock) -> None:
    await clock.create(HOURLY)
    assert len(await clock.tick(HOUR)) == 1
    clock.now -= 30 * MINUTE
    async with clock.transaction() as conn:
        changed = {"cron": "0 */1 * * *"}
        schedule = await change(conn, await clock.schedule("hourly"), changed)
    assert schedule.next_at == at("13:00")
    assert await clock.tick(30 * MINUTE) == []
    assert (await clock.schedule("hourly")).next_at == at("14:00")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"cron": "0 0 31 2 *"}, BadCron),
        ({"cron": "0 0 */20 * 1L"}, BadCron),
        ({"time_zone": "London"}, BadTimeZone),
    ],
)
async def test_a_schedule_that_would_never_run_is_refused(
    clock: Clock, wrong: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await clock.create(HOURLY, **wrong)


async def test_a_name_is_given_once(clock: Clock) -> None:
    await clock.create(HOURLY)
    with pytest.raises(schedules.ScheduleExists, match="hourly"):
        await clock.create(OFTEN, name="hourly")


async def test_upcoming_times_are_those_that_will_run(clock: Clock) -> None:
    for new in (HOURLY, OFTEN, POLL):
        await clock.create(new)
    clock.now += 4 * MINUTE
    shown = {name: upcoming(await clock.schedule(name), clock.now, 3) for name in ("hourly", "often", "poll")}
    assert shown == {
        "hourly": [at("13:00"), at("14:00"), at("15:00")],
        "often": [at("12:10:30"), at("12:20:30"), at("12:30:30")],
        "poll": [clock.now],
    }
    await clock.tick()
    assert upcoming(await clock.schedule("poll"), clock.now, 3) == []


async def test_the_seconds_until_the_next_time(clock: Clock) -> None:
    async def seconds() -> float | None:
        async with clock.transaction() as conn:
            return await seconds_until_next(conn)

    assert await seconds() is None
    await clock.create(OFTEN)
    await clock.create(HOURLY)
    assert await seconds() == 600
    clock.now += HOUR
    assert await seconds() == 0
    async with clock.transaction() as conn:
        await pause(conn, await clock.schedule("often"), None)
        await pause(conn, await clock.schedule("hourly"), None)
    assert await seconds() is None


async def test_looking_costs_one_statement_when_nothing_is_due(clock: Clock) -> None:
    await clock.create(HOURLY)
    statements: list[str] = []
    async with clock.transaction() as conn:
        event.listen(
            conn.sync_connection, "before_cursor_execute", lambda *found: statements.append(found[2])
        )
        assert await tick(conn) == []
    assert len(statements) == 1


async def test_the_latest_ticks_are_kept(clock: Clock) -> None:
    await clock.create(MINUTELY)
    for _ in range(105):
        await clock.tick(MINUTE)
    ticks = await clock.ticks("minutely")
    assert len(ticks) == 100
    assert ticks[-1].tick_at == clock.now - 30 * SECOND


async def test_run_now_is_the_job_as_the_schedule_has_it(clock: Clock) -> None:
    await clock.create(HOURLY, job_type="test_keyed", params={"key": "a"})
    assert job_of(await clock.schedule("hourly")) == (HANDLERS["test_keyed"], KeyedParams(key="a"))
