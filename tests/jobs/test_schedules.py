"""Schedules on a clock that the test turns: one job for each time, whatever the clock and the workers do."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs import schedules
from jobs.cron import BadCron, BadTimeZone
from jobs.handler import HANDLERS, Handler, Job, JobParams
from jobs.schedules import change, create, job_of, pause, resume, tick, upcoming
from jobs.service import cancel, submit
from store.database import Database, DatabaseUnavailable
from store.jobs import JobFilter, JobRow, list_jobs
from store.schedules import NewSchedule, ScheduleRow, TickRow, find_schedule, latest_ticks, seconds_until_next
from tests.engine import KeyedHandler, KeyedParams

pytestmark = pytest.mark.anyio
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
    """Its key is too long for an index: the server refuses it in the middle of the transaction."""

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


@pytest.fixture
def clock(database: Database, database_url: str) -> Clock:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(CLOCK)
    return Clock(database)


async def created(conn: AsyncConnection, new: NewSchedule) -> ScheduleRow:
    """The schedule, added at the test's time: defaults of columns keep to the true clock."""
    schedule = await create(conn, new)
    await conn.execute(
        text("update schedules set created_at = clock_timestamp(), updated_at = clock_timestamp()")
    )
    return schedule


@pytest.fixture
async def many_connections(clock: Clock, database_url: str) -> AsyncIterator[Clock]:
    many = Database(database_url, process="test", pool_size=WORKERS)
    yield Clock(many)
    await many.close()


def at(clock_time: str) -> datetime:
    return datetime.fromisoformat(f"2026-05-01T{clock_time}Z")


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


async def test_what_the_server_refuses_for_now_is_put_off_and_stops_no_other(clock: Clock) -> None:
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
