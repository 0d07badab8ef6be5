"""The worker's loop on the real queue: how it stops, and what it does when an answer is lost or refused."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from config.settings import Settings
from jobs import service
from jobs.engine import Engine
from jobs.handler import HANDLERS, JobParams
from jobs.outcome import RELEASED, Ended
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.queue import Answer, EndRefused, Queue, QueueUnavailable, Wanted, WorkerInfo
from jobs.room import Room
from jobs.supervisor import Supervisor
from jobs.vitals import Vitals
from store.database import Database
from store.jobs import JobRow, count_by_status, get_job, list_attempts
from store.workers import list_workers
from tests.engine import LoopHandler, ModeParams, NoopHandler, SumHandler, SumParams, make_effects_table
from tests.engine.worker import eventually

pytestmark = pytest.mark.anyio


class LossyQueue(Queue):
    """Loses the answers of the round trips that the test chooses: the database has done what was asked."""

    loses: Callable[[Answer, Sequence[Ended]], bool] = staticmethod(lambda answer, ended: False)
    lost = 0

    async def cycle(self, ended: Sequence[Ended], wanted: Wanted) -> Answer:
        answer = await super().cycle(ended, wanted)
        if self.loses(answer, ended):
            self.lost += 1
            raise QueueUnavailable("the connection was lost")
        return answer


class Bench:
    """An engine in this process, without a pulse."""

    def __init__(self, database: Database, *, until_idle: bool, slots: int = 5) -> None:
        self.database, self.vitals = database, Vitals()
        self.queue = LossyQueue(database.url, WorkerInfo("bench", "host", 1, "1", {}, slots, 3_600))
        self.board = board = ProgressBoard(database)
        processes = Processes(1, (), self.vitals)
        supervisor = Supervisor(database, Settings(_env_file=None), board, processes)
        room = Room(slots)
        self.engine = Engine(
            self.queue, supervisor, board, HANDLERS, room, self.vitals, until_idle=until_idle
        )

    async def run(self) -> None:
        await self.engine.register()
        self.vitals["beaten_at"] = math.inf
        async with asyncio.timeout(20):
            await self.engine.run()
        await self.engine.leave()


def no_of(made: Bench) -> Callable[[], Awaitable[int]]:
    async def running() -> int:
        return int(made.vitals["running"])

    return running


@asynccontextmanager
async def bench(database: Database, *, until_idle: bool = True, slots: int = 5) -> AsyncIterator[Bench]:
    made = Bench(database, until_idle=until_idle, slots=slots)
    try:
        yield made
    finally:
        await made.queue.close()


async def submitted(database: Database, jobs: int, params: ModeParams | None = None) -> list[int]:
    async with database.transaction() as conn:
        if params is not None:
            return await service.submit_many(conn, LoopHandler, [params] * jobs)
        return await service.submit_many(conn, NoopHandler, [JobParams()] * jobs)


async def counts(database: Database) -> dict[str, int]:
    async with database.read() as conn:
        found = await count_by_status(conn)
    return {status: count for status, count in found.items() if count}


async def shown(database: Database, job_id: int) -> JobRow:
    async with database.read() as conn:
        job = await get_job(conn, job_id)
    assert job is not None
    return job


async def outcomes(database: Database, job_id: int) -> list[str | None]:
    async with database.read() as conn:
        return [attempt.outcome for attempt in await list_attempts(conn, job_id)]


async def test_it_ends_when_nothing_is_left_and_every_end_is_recorded(database: Database) -> None:
    await submitted(database, 2_000)
    async with bench(database) as made:
        await made.run()
    assert await counts(database) == {"completed": 2_000}
    async with database.read() as conn:
        assert await list_workers(conn) == []


async def test_a_job_that_is_ready_again_at_once_is_not_left_behind(database: Database) -> None:
    [job_id] = await submitted(database, 1, ModeParams(mode="transient"))
    async with bench(database) as made:
        await made.run()
    assert await outcomes(database, job_id) == ["failed"] * 3


async def test_told_to_stop_it_takes_no_more_and_hands_back_what_runs_on(database: Database) -> None:
    long, short, *waiting = await submitted(database, 4, ModeParams(seconds=0.9))
    async with database.transaction() as conn:
        await conn.execute(
            text("update jobs_active set args = jsonb_set(args, '{params,seconds}', '0.1') where id = :id"),
            {"id": short},
        )
    async with bench(database, until_idle=False, slots=2) as made:
        working = asyncio.create_task(made.run())
        await eventually(lambda: counts(database), lambda found: found.get("running") == 2)
        made.engine.stop(0.3)
        await working
    assert (await shown(database, short)).status == "completed"
    assert (await shown(database, long)).status == "pending"
    assert await outcomes(database, long) == ["interrupted"]
    assert [await outcomes(database, job_id) for job_id in waiting] == [[], []]


async def test_an_end_whose_answer_was_lost_counts_once(database: Database) -> None:
    ids = await submitted(database, 20)
    async with bench(database) as made:
        made.queue.loses = lambda answer, ended: len(ended) > 0 and made.queue.lost < 2
        await made.run()
        assert made.queue.lost == 2
    assert await counts(database) == {"completed": 20}
    assert {tuple(await outcomes(database, job_id)) for job_id in ids} == {("completed",)}


async def test_jobs_whose_taking_was_not_answered_are_adopted(database: Database) -> None:
    await make_effects_table(database)
    ids = await submitted(database, 8, ModeParams(mode="effect"))
    async with bench(database) as made:
        made.queue.loses = lambda answer, ended: len(answer.taken) > 0 and made.queue.lost < 1
        await made.run()
        assert made.queue.lost == 1
    assert await counts(database) == {"completed": 8}
    async with database.read() as conn:
        effects = list(await conn.scalars(text("select job_id from test_effects order by 1")))
    assert effects == ids


async def test_an_end_that_cannot_be_stored_fails_its_job_and_no_other(database: Database) -> None:
    """Here the database refuses to hear of one job's completion."""
    ids = await submitted(database, 10)
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "alter table job_runs add constraint refused"
                " check (not (job_id = 5 and outcome = 'completed'))"
            )
        )
    try:
        async with bench(database) as made:
            await made.run()
    finally:
        async with database.transaction() as conn:
            await conn.execute(text("alter table job_runs drop constraint refused"))
    assert ids == list(range(1, 11))
    assert await counts(database) == {"completed": 9, "failed": 1}
    refused = await shown(database, 5)
    assert refused.error is not None
    assert refused.error.startswith("its end could not be stored: new row for relation")


async def test_declared_dead_it_drops_its_jobs_and_comes_back_as_another(database: Database) -> None:
    [job_id] = await submitted(database, 1, ModeParams(seconds=0.9))
    async with bench(database, until_idle=False) as made:
        working = asyncio.create_task(made.run())
        await eventually(lambda: counts(database), lambda found: found == {"running": 1})
        before = made.queue.worker_id
        async with database.transaction() as conn:
            await conn.execute(text("delete from procrastinate_workers"))
            await conn.execute(text("select rescue_jobs()"))
        await eventually(lambda: counts(database), lambda found: found == {"completed": 1})
        assert made.queue.worker_id != before
        made.engine.stop(0)
        await working
    assert await outcomes(database, job_id) == ["lost", "completed"]


async def test_a_job_that_another_worker_holds_is_stopped_and_nothing_said_of_it(
    database: Database,
) -> None:
    """A standby that took over had not heard of our taking it, and gave the same attempt to another."""
    [job_id] = await submitted(database, 1, ModeParams(seconds=30))
    async with bench(database, until_idle=False) as made:
        working = asyncio.create_task(made.run())
        await eventually(lambda: counts(database), lambda found: found == {"running": 1})
        async with database.transaction() as conn:
            await conn.execute(text("update jobs_active set worker_id = null"))
        await eventually(no_of(made), lambda running: running == 0)
        made.engine.stop(0)
        await working
    shown_now = await shown(database, job_id)
    assert (shown_now.status, shown_now.attempt) == ("running", 1)
    assert await outcomes(database, job_id) in ([], [None])


async def test_a_cancel_that_nobody_told_of_is_seen_within_some_seconds(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, SumHandler, SumParams(seconds=30))
    async with bench(database) as made:
        working = asyncio.create_task(made.run())
        await eventually(lambda: counts(database), lambda found: found == {"running": 1})
        async with database.transaction() as conn:
            await service.cancel(conn, job_id)
        await working
    assert (await shown(database, job_id)).status == "cancelled"


async def test_a_deadline_of_one_job_does_not_stop_the_loop(database: Database) -> None:
    late = (await submitted(database, 1, ModeParams(seconds=20)))[0]
    await submitted(database, 100)
    async with bench(database, slots=2) as made:
        await made.run()
    assert (await shown(database, late)).error_kind == "timeout"
    ended = await shown(database, late)
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert timedelta(seconds=1) <= ended.finished_at - ended.started_at < timedelta(seconds=3)
    assert await counts(database) == {"completed": 100, "failed": 1}


async def test_what_is_taken_while_it_is_told_to_stop_does_not_begin(database: Database) -> None:
    [job_id] = await submitted(database, 1)
    async with bench(database, until_idle=False) as made:

        def stop(answer: Answer, ended: Sequence[Ended]) -> bool:
            if answer.taken:
                made.engine.stop(5)
            return False

        made.queue.loses = stop
        await made.run()
    assert (await shown(database, job_id)).status == "pending"
    assert await outcomes(database, job_id) == []


async def test_a_fetch_that_is_refused_is_not_asked_again_at_once(database: Database) -> None:
    asked = 0

    def refuse(answer: Answer, ended: Sequence[Ended]) -> bool:
        nonlocal asked
        asked += 1
        raise EndRefused("no right to do so")

    async with bench(database, until_idle=False) as made:
        made.queue.loses = refuse
        working = asyncio.create_task(made.run())
        await asyncio.sleep(1)
        made.queue.loses = lambda answer, ended: False
        made.engine.stop(1)
        await working
    assert 1 < asked < 10


async def test_a_full_queue_is_not_asked_again_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def full(ended: Sequence[Ended], wanted: Wanted) -> Answer:
        nonlocal asked
        asked += wanted.total > 0
        return Answer([], set(), has_seen_all=False, is_at_an_end=False)

    async with bench(database, until_idle=False) as made:
        monkeypatch.setattr(made.queue, "cycle", full)
        working = asyncio.create_task(made.run())
        await asyncio.sleep(0.8)
        made.engine.stop(1)
        await working
    assert 1 <= asked <= 3


async def test_what_was_recorded_is_not_sent_again_when_the_next_question_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job may be ours anew by then, under the same number."""
    sent: list[list[int]] = []
    asked: list[int] = []

    async def cycle(ended: Sequence[Ended], wanted: Wanted) -> Answer:
        sent.append([one.job_id for one in ended])
        return Answer([], set())

    async def held(known: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bool]:
        asked.append(len(known))
        raise QueueUnavailable("the connection was lost")

    async with bench(database) as made:
        monkeypatch.setattr(made.queue, "cycle", cycle)
        monkeypatch.setattr(made.queue, "held", held)
        made.engine._keep(Ended(7, 1, RELEASED))
        made.engine._must_ask_for_runs = True
        await made.engine._turn()
        await made.engine._turn()
    assert asked == [0]
    assert sent == [[7], []]


async def test_who_streams_a_job_is_told_when_its_end_is_there_to_be_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job_id] = await submitted(database, 1)
    told: list[str] = []
    async with bench(database) as made:
        monkeypatch.setattr(made.board, "changed", lambda one: told.append(f"told of {one}"))
        cycle = made.queue.cycle

        async def recorded(ended: Sequence[Ended], wanted: Wanted) -> Answer:
            answer = await cycle(ended, wanted)
            told.extend(f"recorded {one.job_id}" for one in ended)
            return answer

        monkeypatch.setattr(made.queue, "cycle", recorded)
        await made.run()
    assert told[-2:] == [f"recorded {job_id}", f"told of {job_id}"]
