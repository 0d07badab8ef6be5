"""Jobs that share a limit: never more at once, never more starts in any interval, over all workers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs import service
from jobs.batches import BatchJob, submit_batch
from jobs.handler import JobParams
from jobs.limits import block_limit
from jobs.outcome import NO_HANDLER, Ended, RunEnd
from jobs.queue import NOTHING, Queue, Taken, Wanted, WorkerInfo
from store.database import Database
from store.jobs import get_job
from store.queues import pause_queue, resume_queue
from tests.engine import NoopHandler
from tests.engine.limited import (
    LimitedHandler,
    LimitedParams,
    OtherLimitedHandler,
    submitted,
)

pytestmark = pytest.mark.anyio
AGAIN = RunEnd("failed", error_kind="error", error="try later", retry_in=0)


@pytest.fixture
async def queues(database: Database) -> AsyncIterator[Sequence[Queue]]:
    """Of two workers."""
    async with AsyncExitStack() as stack:
        two = [Queue(database.url, WorkerInfo(f"w{n}", "host", n, "1", {}, 10, 15)) for n in (1, 2)]
        for queue in two:
            stack.push_async_callback(queue.close)
            await queue.register()
        yield two


@pytest.fixture
def queue(queues: Sequence[Queue]) -> Queue:
    return queues[0]


async def taken(queue: Queue, most: int = 100) -> list[Taken]:
    return (await queue.cycle([], Wanted(most))).taken


async def end(queue: Queue, *jobs: Taken, how: RunEnd | None = None) -> None:
    ends = [
        Ended(job.id, job.attempt, how or RunEnd("completed"), has_reported=how is not None) for job in jobs
    ]
    assert (await queue.cycle(ends, NOTHING)).lost == set()


def ids(jobs: Sequence[Taken]) -> list[int]:
    return [job.id for job in jobs]


async def test_others_pass_a_job_that_has_no_place(database: Database, queue: Queue) -> None:
    limited = await submitted(database, 3, priority=5, at_once=1)
    other_key = await submitted(database, 1, key="other", at_once=1)
    async with database.transaction() as conn:
        free = await service.submit(conn, NoopHandler, JobParams(), priority=-5)
    assert ids(await taken(queue)) == [limited[0], *other_key, free]
    assert await taken(queue) == []


async def test_two_workers_that_ask_at_once_get_no_more_than_there_are_places(
    database: Database, queues: Sequence[Queue]
) -> None:
    await submitted(database, 50, at_once=7)
    both = await asyncio.gather(*(taken(queue) for queue in queues))
    again = await asyncio.gather(*(taken(queue) for queue in queues))
    assert sum(map(len, [*both, *again])) == 7


async def test_the_most_urgent_job_gets_the_next_place(database: Database, queue: Queue) -> None:
    first, low = await submitted(database, 2, at_once=1)
    [running] = await taken(queue)
    [high] = await submitted(database, 1, priority=9, at_once=1)
    for expected in (high, low):
        await end(queue, running)
        [running] = await taken(queue)
        assert running.id == expected
    assert first < running.id


async def test_a_changed_limit_counts_for_the_jobs_that_wait(database: Database, queue: Queue) -> None:
    await submitted(database, 5, at_once=1)
    running = await taken(queue)
    await submitted(database, 1, at_once=3)
    running += await taken(queue)
    assert len(running) == 3
    await submitted(database, 1, at_once=2)
    await end(queue, running[0])
    assert await taken(queue) == []
    await end(queue, running[1])
    assert len(await taken(queue)) == 1


@pytest.mark.parametrize("how", [AGAIN, RunEnd("snoozed", retry_in=0), RunEnd("released", retry_in=0)])
async def test_a_job_that_comes_back_waits_for_a_place_again(
    database: Database, queue: Queue, how: RunEnd
) -> None:
    first, _ = await submitted(database, 2, at_once=1)
    running = await taken(queue)
    await end(queue, *running, how=how)
    [again] = await taken(queue)
    assert again.id == first
    assert await taken(queue) == []


async def test_a_job_that_was_taken_and_never_begun_spends_no_start(database: Database, queue: Queue) -> None:
    await submitted(database, 3, starts=2, per=3_600)
    first, second = await taken(queue)
    await end(queue, second, how=RunEnd("released", retry_in=0))
    assert ids(await taken(queue)) == [second.id]
    await end(queue, first)
    assert await taken(queue) == []


async def test_a_job_that_comes_back_later_waits_for_a_place_then(database: Database, queue: Queue) -> None:
    first, second = await submitted(database, 2, at_once=1)
    await end(queue, *await taken(queue), how=RunEnd("snoozed", retry_in=60))
    running = await taken(queue)
    async with database.transaction() as conn:
        await conn.execute(text("update jobs_active set scheduled_at = now() where waits_for = 'time'"))
        await conn.execute(text("select ready_due_jobs(1)"))
    assert ids(running) == [second]
    assert await taken(queue) == []
    await end(queue, *running)
    assert ids(await taken(queue)) == [first]


async def test_nothing_starts_while_a_limit_is_blocked(database: Database, queue: Queue) -> None:
    first, second = await submitted(database, 2, at_once=2)
    running = await taken(queue, 1)
    async with database.transaction() as conn:
        # The place that the second has been given already is its own.
        await block_limit(conn, "k", timedelta(hours=1))
        await block_limit(conn, "k", timedelta(seconds=1))  # the longer one counts
    running += await taken(queue)
    await submitted(database, 1, at_once=2)
    await end(queue, *running)
    assert await taken(queue) == []
    async with database.transaction() as conn:
        await conn.execute(text("update limits set blocked_until = now()"))
    assert len(await taken(queue)) == 1
    assert ids(running) == [first, second]


async def test_only_a_clock_tells_when_to_look_again(database: Database, queue: Queue) -> None:
    async def opens_in() -> float | None:
        async with database.transaction() as conn:
            seconds: float | None = await conn.scalar(text("select let_limited_jobs_in()"))
        return seconds

    assert await opens_in() is None
    await submitted(database, 2, key="at once", at_once=1)
    await taken(queue)
    assert await opens_in() is None
    await submitted(database, 3, key="starts", starts=2, per=60)
    await taken(queue)
    seconds = await opens_in()
    assert seconds is not None
    assert 50 < seconds <= 60


async def test_the_place_of_a_lost_worker_is_free_after_its_rescue(
    database: Database, queues: Sequence[Queue]
) -> None:
    dead, alive = queues
    first, _ = await submitted(database, 2, at_once=1)
    assert ids(await taken(dead)) == [first]
    await dead.unregister()
    assert await taken(alive) == []
    async with database.transaction() as conn:
        await conn.execute(text("select rescue_jobs()"))
    [again] = await taken(alive)
    assert (again.id, again.attempt) == (first, 2)
    assert await taken(alive) == []


async def test_a_cancelled_job_gives_its_place_back(database: Database, queue: Queue) -> None:
    first, second = await submitted(database, 2, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
        [admitted] = await conn.scalars(text("select id from jobs_active where waits_for is null"))
        await service.cancel(conn, admitted)
    assert ids(await taken(queue)) == [second]
    assert admitted == first


async def test_a_paused_queue_keeps_no_places(database: Database, queue: Queue) -> None:
    ours = await submitted(database, 2, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
        await pause_queue(conn, "default", "ops")
    others = await submitted(database, 2, handler=OtherLimitedHandler, at_once=1)
    running = await taken(queue)
    assert ids(running) == others[:1]
    async with database.transaction() as conn:
        await resume_queue(conn, "default")
    assert await taken(queue) == []
    await end(queue, *running)
    assert ids(await taken(queue)) == ours[:1]


async def test_places_go_to_the_queues_that_are_served(database: Database, queue: Queue) -> None:
    await submitted(database, 2, at_once=1)
    others = await submitted(database, 2, handler=OtherLimitedHandler, at_once=1)
    assert ids((await queue.cycle([], Wanted(10, ("other",)))).taken) == others[:1]


async def test_a_key_without_a_limit_bounds_nothing(database: Database, queue: Queue) -> None:
    limited = await submitted(database, 3, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("delete from limits"))
    assert ids(await taken(queue)) == limited


async def test_a_limit_that_another_looks_at_keeps_nobody_waiting(database: Database, queue: Queue) -> None:
    [limited] = await submitted(database, 1, at_once=1)
    async with database.transaction() as conn:
        free = await service.submit(conn, NoopHandler, JobParams())
    async with database.transaction() as conn:
        await conn.execute(text("select from limits where key = 'k' for update"))
        assert ids(await taken(queue)) == [free]
    assert ids(await taken(queue)) == [limited]


async def test_the_jobs_of_a_batch_are_limited(database: Database, queue: Queue) -> None:
    async with database.transaction() as conn:
        batch = [BatchJob(LimitedHandler, LimitedParams(at_once=2)), BatchJob(NoopHandler, JobParams())] * 3
        added = await submit_batch(conn, batch)
    assert ids(await taken(queue)) == sorted([added[0], added[2], added[1], added[3], added[5]])


async def test_very_many_keys_are_not_looked_at_each_time(database: Database) -> None:
    async with database.transaction() as conn:
        many = [LimitedParams(key=f"k{n:04}", at_once=1) for n in range(1_000)]
        await service.submit_many(conn, LimitedHandler, many * 2)
        look = text("explain (analyze, buffers, format json) select let_limited_jobs_in()")
        plans = [(await conn.execute(look)).scalar_one()[0]["Plan"] for _ in range(2)]
    assert plans[1]["Shared Hit Blocks"] < plans[0]["Shared Hit Blocks"] / 100


async def test_a_limited_job_keeps_its_key_when_it_is_tried_again(database: Database, queue: Queue) -> None:
    first, second = await submitted(database, 2, at_once=1)
    bad = RunEnd("failed", error_kind="error", error="bad data")
    await end(queue, *await taken(queue), how=bad)
    running = await taken(queue)
    async with database.transaction() as conn:
        await service.retry(conn, first)
        job = await get_job(conn, first)
    assert job is not None
    assert job.status == "pending"
    assert ids(running) == [second]
    assert await taken(queue) == []


async def test_the_place_of_a_queue_without_workers_goes_to_another(
    database: Database, queues: Sequence[Queue]
) -> None:
    gone, other = queues
    await gone.unregister()
    await submitted(database, 1, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
        await conn.execute(text("""update procrastinate_workers set queues = '{"other": null}'"""))
    [served] = await submitted(database, 1, handler=OtherLimitedHandler, at_once=1)
    assert ids((await other.cycle([], Wanted(10, ("other",)))).taken) == [served]


async def test_a_job_that_has_not_begun_gives_its_place_to_a_more_urgent_one(
    database: Database, queue: Queue
) -> None:
    [low] = await submitted(database, 1, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
    [same] = await submitted(database, 1, at_once=1)
    [high] = await submitted(database, 1, priority=5, at_once=1)
    order = []
    for _ in range(3):
        [running] = await taken(queue)
        order.append(running.id)
        assert await taken(queue) == []
        await end(queue, running)
    assert order == [high, low, same]


async def test_a_queue_that_is_paused_while_its_job_is_let_in_keeps_no_place(
    database: Database, queue: Queue
) -> None:
    await submitted(database, 1, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("insert into queues (name, paused_at) values ('default', now())"))
        await conn.execute(text("update jobs_active set waits_for = null"))
    [other] = await submitted(database, 1, handler=OtherLimitedHandler, at_once=1)
    assert ids(await taken(queue)) == [other]


async def test_a_block_is_kept_whatever_places_are_given_back(database: Database, queue: Queue) -> None:
    await submitted(database, 1, at_once=1)
    async with database.transaction() as conn:
        await conn.execute(text("select let_limited_jobs_in()"))
        await block_limit(conn, "k", timedelta(minutes=1))
        await pause_queue(conn, "default", "ops")
    await submitted(database, 1, handler=OtherLimitedHandler, at_once=1)
    assert await taken(queue) == []


async def test_a_job_of_an_unknown_type_spends_no_start(database: Database, queue: Queue) -> None:
    await submitted(database, 2, starts=1, per=60)
    [first] = await taken(queue)
    assert await taken(queue) == []
    await end(queue, first, how=NO_HANDLER)
    assert len(await taken(queue)) == 1


@pytest.mark.parametrize("bound", [{"at_once": 2}, {"starts": 2, "per": 3_600}])
async def test_no_plan_of_the_server_lets_more_in(
    database: Database, queue: Queue, bound: dict[str, int]
) -> None:
    """After many jobs came and went, it may choose to look for the waiting ones again for each row."""
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into jobs_active (queue_name, task_name, status)"
                " select 'default', 'x', 'todo' from generate_series(1, 20000)"
            )
        )
        await conn.execute(text("delete from jobs_active"))
    async with database.autocommit() as conn:
        await conn.execute(text("analyze jobs_active"))
    await submitted(database, 9, **bound)
    assert len(await taken(queue)) == 2
    assert await taken(queue) == []


async def test_a_limit_that_another_looks_at_is_looked_at_soon_again(database: Database) -> None:
    await submitted(database, 1, at_once=1)
    async with database.transaction() as other, database.transaction() as conn:
        await other.execute(text("select from limits where key = 'k' for update"))
        assert 0 < (await conn.scalar(text("select let_limited_jobs_in()")) or 0) <= 0.05
