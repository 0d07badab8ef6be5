"""Jobs that share a limit: never more at once, never more starts in any interval, over all workers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from procrastinate import App, PsycopgConnector
from sqlalchemy import text

from jobs import service
from jobs.batches import BatchJob, submit_batch
from jobs.handler import JobParams
from jobs.limits import block_limit
from jobs.outcome import Ended, RunEnd
from jobs.queue import NOTHING, Queue, Taken, Wanted, WorkerInfo
from store.database import Database
from store.jobs import JobFilter, count_by_status, get_job, list_jobs
from store.queues import pause_queue, resume_queue
from tests.engine import NoopHandler
from tests.engine.limited import LimitedHandler, LimitedParams, OtherLimitedHandler, make_spans_table
from tests.engine.worker import eventually, has_ended, is_working, until, worker

pytestmark = pytest.mark.anyio
AGAIN = RunEnd("failed", error_kind="error", error="try later", retry_in=0)
# Nothing but a notification is this quick: a worker looks by itself once a second.
AT_ONCE = timedelta(seconds=0.4)


a_worker = partial(worker, handlers="tests.engine.limited")


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


async def submitted(
    database: Database, jobs: int, priority: int = 0, handler: Any = LimitedHandler, **params: Any
) -> list[int]:
    async with database.transaction() as conn:
        many = [LimitedParams(**params)] * jobs
        return await service.submit_many(conn, handler, many, priority=priority)


async def taken(queue: Queue, most: int = 100) -> list[Taken]:
    """As the engine does, which asks again where not all was looked at."""
    answer = await queue.cycle([], Wanted(most))
    if not answer.taken and not answer.has_seen_all:
        answer = await queue.cycle([], Wanted(most))
    return answer.taken


async def end(queue: Queue, *jobs: Taken, how: RunEnd | None = None) -> None:
    ends = [
        Ended(job.id, job.attempt, how or RunEnd("completed"), has_reported=how is not None) for job in jobs
    ]
    assert (await queue.cycle(ends, NOTHING)).lost == set()


def ids(jobs: Sequence[Taken]) -> list[int]:
    return [job.id for job in jobs]


async def test_two_workers_never_run_more_at_once(database: Database) -> None:
    await make_spans_table(database)
    await submitted(database, 40, at_once=3, seconds=0.03)
    with a_worker(database.url), a_worker(database.url):
        await all_completed(database, 40)
    async with database.read() as conn:
        spans = (await conn.execute(text("select began_at, ended_at from test_spans"))).all()
        workers = list(await conn.scalars(text("select distinct worker from job_runs")))
    assert most_at_once([(began, ended) for began, ended in spans]) == 3
    assert (len(spans), len(workers)) == (40, 2)


async def test_two_workers_never_start_more_within_any_interval(database: Database) -> None:
    await make_spans_table(database)
    await submitted(database, 16, starts=5, per=0.6)
    with a_worker(database.url), a_worker(database.url):
        await all_completed(database, 16)
    starts = await started(database)
    sixth_later = [later - first for first, later in zip(starts, starts[5:], strict=False)]
    assert min(sixth_later) > timedelta(seconds=0.6)
    # As soon as the limit opens, and not when a worker happens to look.
    assert starts[15] - starts[0] < timedelta(seconds=3 * 0.6) + 3 * AT_ONCE


async def all_completed(database: Database, jobs: int) -> None:
    async def look() -> int:
        async with database.read() as conn:
            return (await count_by_status(conn))["completed"]

    await eventually(look, lambda completed: completed == jobs)


async def started(database: Database) -> list[datetime]:
    """When the jobs were taken."""
    async with database.read() as conn:
        jobs = await list_jobs(conn, JobFilter(), limit=100)
    return sorted(job.started_at for job in jobs if job.started_at)


def most_at_once(spans: Sequence[tuple[datetime, datetime]]) -> int:
    changes = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


async def test_a_free_place_wakes_a_worker_of_whatever_queue(database: Database) -> None:
    """However it became free: the first job completes, or it waits for its retry."""
    await make_spans_table(database)
    late = []
    with a_worker(database.url, "--queues", "default"), a_worker(database.url, "--queues", "other"):
        for number, fails in enumerate([False, True] * 3):
            key = f"k{number}"
            [first] = await submitted(database, 1, key=key, at_once=1, seconds=0.3, fails=fails)
            await until(database, first, is_working)
            [second] = await submitted(database, 1, handler=OtherLimitedHandler, key=key, at_once=1)
            after = await until(database, second, has_ended)
            assert after.started_at is not None
            async with database.read() as conn:
                [left_at] = await conn.scalars(
                    text("select finished_at from job_runs where job_id = :id"), {"id": first}
                )
            late.append(after.started_at - left_at)
    assert min(late) >= timedelta(0)
    assert median(late) < AT_ONCE, late  # not the longest: a busy machine is no fault of the code


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


async def test_workers_go_on_when_a_block_ends(database: Database) -> None:
    await make_spans_table(database)
    late = []
    with a_worker(database.url):
        [warm] = await submitted(database, 1)
        await until(database, warm, has_ended)
        for seconds in (0.6, 0.7, 0.8, 0.9):
            async with database.transaction() as conn:
                await block_limit(conn, "k", timedelta(seconds=seconds))
                blocked_until = await conn.scalar(text("select blocked_until from limits where key = 'k'"))
            [job_id] = await submitted(database, 1)
            job = await until(database, job_id, has_ended)
            assert job.started_at is not None
            late.append(job.started_at - blocked_until)
    assert min(late) >= timedelta(0)
    assert median(late) < AT_ONCE, late  # not the longest: a busy machine is no fault of the code


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


async def test_a_stock_procrastinate_worker_keeps_limits(database: Database) -> None:
    spans: list[str] = []
    app = App(connector=PsycopgConnector(conninfo=database.url))

    async def note(**_: Any) -> None:
        spans.append("began")
        await asyncio.sleep(0.01)
        spans.append("ended")

    app.task(name="test_limited")(note)
    await submitted(database, 3, at_once=1)
    async with app.open_async():
        for _ in range(3):  # each ends when there is nothing that it may begin
            await app.run_worker_async(wait=False, concurrency=3, install_signal_handlers=False)
        assert spans == ["began", "ended"] * 3
        await app.configure_task("test_limited").defer_async()  # knows of no limit
    async with database.read() as conn:
        assert await conn.scalar(text("select limit_key from jobs_active")) is None


async def test_very_many_keys_are_not_looked_at_each_time(database: Database) -> None:
    async with database.transaction() as conn:
        many = [LimitedParams(key=f"k{n:04}", at_once=1) for n in range(1_000)]
        await service.submit_many(conn, LimitedHandler, many * 2)
        look = text("explain (analyze, buffers, format json) select let_limited_jobs_in()")
        plans = [(await conn.execute(look)).scalar_one()[0]["Plan"] for _ in range(2)]
    assert plans[1]["Shared Hit Blocks"] < plans[0]["Shared Hit Blocks"] / 100


class Model:
    """What the limit of one key allows."""

    def __init__(self) -> None:
        self.at_once: int | None = None
        self.starts: int | None = None
        self.running: set[int] = set()
        self.started: list[int] = []  # minutes ago
        self.waiting: dict[int, int] = {}  # priorities

    @property
    def room(self) -> int:
        places = 1_000 if self.at_once is None else self.at_once - len(self.running)
        starts = 1_000 if self.starts is None else self.starts - len(self.started)
        return max(0, min(places, starts, len(self.waiting)))


def limits_machine(conn: psycopg.Connection[tuple[Any, ...]]) -> type[RuleBasedStateMachine]:
    keys = st.sampled_from("abc")

    class Limits(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            conn.execute("truncate procrastinate_jobs, job_runs, limits, limit_starts")
            self.models = {key: Model() for key in "abc"}
            conn.execute("insert into limits (key) values ('a'), ('b'), ('c')")

        @rule(key=keys, priority=st.integers(0, 2))
        def submit(self, key: str, priority: int) -> None:
            row = conn.execute(
                "select add_job('q', 't', %s, null, '{}', null, %s)", [priority, key]
            ).fetchone()
            assert row is not None
            self.models[key].waiting[row[0]] = priority

        @rule(
            key=keys,
            at_once=st.sampled_from([None, 1, 2, 3]),
            starts=st.sampled_from([None, 1, 2, 4]),
        )
        def change(self, key: str, at_once: int | None, starts: int | None) -> None:
            model = self.models[key]
            conn.execute(
                "update limits set at_once = %s, starts = %s, per = case when %s then interval '1 hour' end"
                " where key = %s",
                [at_once, starts, starts is not None, key],
            )
            if model.starts is None:
                model.started.clear()  # starts count from when there is a limit for them
            if starts is None:
                conn.execute("delete from limit_starts where key = %s", [key])
                model.started.clear()
            model.at_once, model.starts = at_once, starts

        @rule()
        def take(self) -> None:
            """Of each key as many as it allows, the most urgent ones, then the oldest."""
            conn.execute("select let_limited_jobs_in()")
            taken = {row[0] for row in conn.execute("select id from fetch_jobs(null, null, null, null, 100)")}
            expected = set()
            for model in self.models.values():
                in_turn = sorted(model.waiting, key=lambda job_id: (-model.waiting[job_id], job_id))
                begun = in_turn[: model.room]
                for job_id in begun:
                    del model.waiting[job_id]
                model.running.update(begun)
                model.started += [0] * len(begun) if model.starts is not None else []
                expected.update(begun)
            assert taken == expected

        @rule(key=keys, comes_back=st.booleans())
        def end(self, key: str, comes_back: bool) -> None:
            model = self.models[key]
            if not model.running:
                return
            job_id = min(model.running)
            model.running.remove(job_id)
            row = conn.execute(
                "select end_run(%s, (select attempts + 1 from jobs_active where id = %s), 'w', %s, %s, null,"
                " null, null, null, null, null, null)",
                [job_id, job_id, "snoozed" if comes_back else "completed", 0 if comes_back else None],
            ).fetchone()
            if comes_back:
                [found] = conn.execute("select priority from jobs_active where id = %s", [job_id]).fetchall()
                model.waiting[job_id] = found[0]
            assert row == ("pending" if comes_back else "completed",)

        @rule(minutes=st.sampled_from([20, 40]))
        def let_time_pass(self, minutes: int) -> None:
            conn.execute(
                "update limit_starts set started_at = started_at - make_interval(mins => %s)", [minutes]
            )
            for model in self.models.values():
                model.started = [age + minutes for age in model.started if age + minutes < 60]

        @invariant()
        def database_agrees(self) -> None:
            rows = conn.execute("select limit_key from jobs_active where status = 'doing'").fetchall()
            assert Counter(row[0] for row in rows) == Counter(
                {key: len(model.running) for key, model in self.models.items() if model.running}
            )

    return Limits


def test_limits_are_kept_whatever_comes(database_url: str, clean_database: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        run_state_machine_as_test(
            limits_machine(conn),
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


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
