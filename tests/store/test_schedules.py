"""Schedules in the database: what it refuses, and the index behind every list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.queries import query_text
from store.schedules import (
    NewSchedule,
    TickEnd,
    add_schedule,
    claim_tick,
    delete_schedule,
    due_schedules,
    end_tick,
    find_schedule,
    latest_ticks,
    list_schedules,
)

pytestmark = pytest.mark.anyio
LATER = datetime(2030, 1, 1, tzinfo=UTC)
DAILY = NewSchedule("daily", "test_noop", cron="0 0 * * *", time_zone="UTC")
# A tenth of a percent is due, waits for a job that is gone, or lies ahead of the clock.
MANY = """
    insert into schedules
        (name, job_type, cron, time_zone, min_wait, max_wait, next_at, waits_for_job, updated_at)
    select 's' || n, 'test_noop',
           case when n % 10 > 0 then '* * * * *' end, case when n % 10 > 0 then 'UTC' end,
           case when n % 10 = 0 then interval '1 s' end, case when n % 10 = 0 then interval '1 h' end,
           case when n % 10 > 0 then now() + (n - 20) * interval '1 s' end, case when n % 1000 = 0 then n end,
           now() + case when n % 2000 = 1 then interval '1 day' else - interval '1 day' end
    from generate_series(1, 20000) n
"""

ACTIVE = """
    insert into procrastinate_jobs (id, queue_name, task_name)
    select n, 'default', 'test_noop' from generate_series(30000, 50000) n
"""


async def plan(conn: AsyncConnection, statement: str, **values: Any) -> str:
    return "\n".join(await conn.scalars(text(f"explain {statement}"), values))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Daily"},
        {"name": "-daily"},
        {"name": "x" * 65},
        {"name": "daily\n"},
        {"name": ""},
        {"job_type": ""},
        {"params": [1]},
        {"cron": None},
        {"cron": ""},
        {"time_zone": None},
        {"every": timedelta(hours=1)},
        {"cron": None, "time_zone": None, "every": timedelta(milliseconds=999)},
        {"cron": None, "every": timedelta(hours=1)},
        {"cron": None, "time_zone": None, "min_wait": timedelta(hours=1)},
        {"cron": None, "time_zone": None, "max_wait": timedelta(hours=1)},
        {
            "cron": None,
            "time_zone": None,
            "min_wait": timedelta(seconds=2),
            "max_wait": timedelta(seconds=1),
        },
        {
            "cron": None,
            "time_zone": None,
            "min_wait": timedelta(seconds=1),
            "max_wait": timedelta(seconds=1),
            "misfire": "skip",
        },
        {"misfire": "never"},
        {"misfire_after": timedelta(seconds=4)},
        {"priority": 101},
    ],
)
async def test_the_database_refuses_a_wrong_schedule(conn: AsyncConnection, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        await add_schedule(conn, NewSchedule(**{**vars(DAILY), **wrong}), LATER)


@pytest.mark.parametrize(
    ("outcome", "job_id", "error"), [("enqueued", None, None), ("skipped", 1, None), ("failed", None, None)]
)
async def test_the_database_refuses_a_tick_that_contradicts_itself(
    conn: AsyncConnection, outcome: str, job_id: int | None, error: str | None
) -> None:
    schedule = await add_schedule(conn, DAILY, LATER)
    assert schedule is not None
    await claim_tick(conn, schedule.id, LATER)
    end = TickEnd(outcome, job_id, error)
    with pytest.raises(IntegrityError):
        await end_tick(conn, schedule.id, LATER, end, next_at=LATER, waits_for_job=None)


async def test_a_tick_is_claimed_once(conn: AsyncConnection) -> None:
    schedule = await add_schedule(conn, DAILY, LATER)
    assert schedule is not None
    assert [await claim_tick(conn, schedule.id, LATER) for _ in range(3)] == [True, False, False]


async def test_a_deleted_schedule_takes_its_ticks_with_it(conn: AsyncConnection) -> None:
    schedule = await add_schedule(conn, DAILY, LATER)
    assert schedule is not None
    await claim_tick(conn, schedule.id, LATER)
    assert await delete_schedule(conn, "daily")
    assert not await delete_schedule(conn, "daily")
    assert await find_schedule(conn, "daily") is None
    assert await latest_ticks(conn, schedule.id, 9) == []


async def test_pages_of_schedules_meet_by_name(conn: AsyncConnection) -> None:
    names = ["a", "a-b", "a.c", "b", "c"]
    for name in reversed(names):
        await add_schedule(conn, NewSchedule(name, "test_noop", every=timedelta(hours=1)), LATER)
    seen: list[str] = []
    page = await list_schedules(conn, limit=2)
    while page:
        seen += [one.name for one in page]
        page = await list_schedules(conn, after=page[-1].name, limit=2)
    assert sorted(seen) == names
    assert len(seen) == len(names)


async def test_every_look_at_many_schedules_uses_an_index(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(text(MANY))
        await conn.execute(text(ACTIVE))
        await conn.execute(text("analyze schedules, jobs_active"))
        due = await plan(conn, query_text("due_schedules"), most=100)
        assert {"schedules_due", "schedules_waiting", "schedules_updated"} <= set(
            due.replace("(", " ").split()
        )
        until = await plan(conn, query_text("seconds_until_schedule"))
        assert "schedules_due" in until
        page = await plan(conn, "select name from schedules where name > 's5' order by name limit 50")
        assert "schedules_name_key" in page
        waiting = await plan(conn, "select id from schedules where name = 's77'")
        assert "Seq Scan" not in due + until + page + waiting
        found = [schedule.name for schedule, _ in await due_schedules(conn, 100)]
    late = {f"s{n}" for n in range(1, 20) if n % 10}
    ended = {f"s{n}" for n in range(1_000, 20_001, 1_000)}
    ahead = {f"s{n}" for n in range(1, 20_001, 2_000)}
    assert late | ended | ahead <= set(found) <= late | ended | ahead | {f"s{n}" for n in range(20, 60)}
    assert len(found) == len(set(found))


async def test_the_latest_ticks_are_read_from_an_index(conn: AsyncConnection) -> None:
    schedule = await add_schedule(conn, DAILY, LATER)
    assert schedule is not None
    await conn.execute(
        text(
            "insert into schedule_ticks (schedule_id, tick_at, outcome)"
            " select :id, now() - n * interval '1 minute', 'skipped' from generate_series(1, 20000) n"
        ),
        {"id": schedule.id},
    )
    await conn.execute(text("analyze schedule_ticks"))
    latest = "select tick_at from schedule_ticks where schedule_id = 1 order by tick_at desc limit 20"
    assert "schedule_ticks_pkey" in await plan(conn, latest)
    assert len(await latest_ticks(conn, schedule.id, 20)) == 20
