"""The worker's round trip: what is taken, in which order, and how ends are recorded."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from jobs import service
from jobs.handler import JobParams
from jobs.heads import NewJobs
from jobs.outcome import Ended, RunEnd
from jobs.progress import Progress
from jobs.queue import NOTHING, EndRefused, Queue, QueueUnavailable, Taken, Wanted, WorkerInfo
from store.database import Database
from store.jobs import JobRow, get_job
from tests.engine import KeyedHandler, KeyedParams, NoopHandler

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(database: Database) -> AsyncIterator[Queue]:
    queue = Queue(database.url, WorkerInfo("test", "host", 1, "1", {}, 10, 15))
    await queue.register()
    yield queue
    await queue.close()


async def submitted(database: Database, *priorities: int) -> list[int]:
    async with database.transaction() as conn:
        return [
            await service.submit(conn, NoopHandler, JobParams(), priority=priority) for priority in priorities
        ]


async def taken(queue: Queue, wanted: Wanted) -> list[Taken]:
    return (await queue.cycle([], wanted)).taken


async def job(database: Database, job_id: int) -> JobRow:
    async with database.read() as conn:
        found = await get_job(conn, job_id)
    assert found is not None
    return found


def completed(job: Taken, *, has_reported: bool = False) -> Ended:
    return Ended(job.id, job.attempt, RunEnd("completed", result={"n": job.id}), has_reported=has_reported)


async def test_jobs_come_in_the_order_of_priority_then_age(database: Database, queue: Queue) -> None:
    ids = await submitted(database, 0, 5, -3, 5, 0, 9)
    first, second = await taken(queue, Wanted(4)), await taken(queue, Wanted(4))
    assert [one.id for one in first] == [ids[5], ids[1], ids[3], ids[0]]
    assert [one.id for one in second] == [ids[4], ids[2]]
    assert {one.attempt for one in first + second} == {1}


async def test_the_queue_with_the_most_urgent_job_is_served_first_and_caps_hold(
    database: Database, queue: Queue
) -> None:
    low = await submitted(database, 0, 0)
    async with database.transaction() as conn:
        urgent = [await service.submit(conn, KeyedHandler, KeyedParams(key=key), priority=1) for key in "abc"]
    wanted = Wanted(10, ("default", "keyed"), {"keyed": 2})
    assert [one.id for one in await taken(queue, wanted)] == [*urgent[:2], *low]
    assert await taken(queue, Wanted(10, ("default",))) == []


async def test_plain_ends_are_recorded_with_their_results(database: Database, queue: Queue) -> None:
    await submitted(database, 0, 0, 0)
    mine = await taken(queue, Wanted(3))
    answer = await queue.cycle([completed(one) for one in mine], NOTHING)
    assert answer.lost == set()
    rows = [await job(database, one.id) for one in mine]
    assert [(row.status, row.result) for row in rows] == [("completed", {"n": one.id}) for one in mine]


async def test_an_end_that_is_told_twice_counts_once_and_is_not_lost(
    database: Database, queue: Queue
) -> None:
    await submitted(database, 0)
    mine = await taken(queue, Wanted(1))
    for _ in range(2):  # the first answer may have been lost
        assert (await queue.cycle([completed(mine[0])], NOTHING)).lost == set()
    assert (await job(database, mine[0].id)).attempt == 1


async def test_the_end_of_another_attempt_is_lost(database: Database, queue: Queue) -> None:
    await submitted(database, 0)
    mine = (await taken(queue, Wanted(1)))[0]
    answer = await queue.cycle([completed(mine._replace(attempt=2))], NOTHING)
    assert answer.lost == {mine.id}
    assert (await job(database, mine.id)).status == "running"


async def test_an_end_whose_progress_is_in_the_table_is_not_plain(database: Database, queue: Queue) -> None:
    await submitted(database, 0)
    mine = (await taken(queue, Wanted(1)))[0]
    async with database.transaction() as conn:
        await conn.exec_driver_sql(
            "insert into job_runs (job_id, attempt, worker, started_at, progress)"
            " values (%s, 1, 'x', now(), 0.5)",
            (mine.id,),
        )
    with pytest.raises(EndRefused):
        await queue.cycle([completed(mine)], NOTHING)
    assert (await queue.cycle([completed(mine, has_reported=True)], NOTHING)).lost == set()
    assert (await job(database, mine.id)).progress == 1


async def test_a_last_report_is_written_with_the_end(database: Database, queue: Queue) -> None:
    await submitted(database, 0)
    mine = (await taken(queue, Wanted(1)))[0]
    end = RunEnd("failed", error_kind="error", error="bad data")
    await queue.cycle([Ended(mine.id, 1, end, Progress(0.5, "fit", "half"))], NOTHING)
    row = await job(database, mine.id)
    assert (row.status, row.error, row.progress, row.step, row.message) == (
        "failed",
        "bad data",
        0.5,
        "fit",
        "half",
    )


async def test_what_an_old_transaction_keeps_is_not_walked_over_again(
    database: Database, queue: Queue
) -> None:
    async with database.read() as old:
        await old.exec_driver_sql("set transaction isolation level repeatable read")
        await old.exec_driver_sql("select count(*) from job_queue")
        await churn(database)
        await submitted(database, 0)
        queue.hear_of(None)
        found = [await queue.cycle([], Wanted(10)) for _ in range(3)]
        assert [len(answer.taken) for answer in found] == [1, 0, 0]
        assert [answer.has_seen_all for answer in found[1:]] == [False, False]
        # Priority 7 was not seen before. A notification names it; a look at all finds what is before it.
        new = await submitted(database, 7, 0, 0)
        queue.hear_of(NewJobs("default", 7, new[0]))
        assert [job.id for job in await taken(queue, Wanted(10))] == new
        back = await submitted(database, 3)
        assert await taken(queue, Wanted(10)) == []
        queue.hear_of(None)
        assert [job.id for job in await taken(queue, Wanted(10))] == back
        [head] = await submitted(database, 0)
        blocks = await blocks_read(database, head), await blocks_read(database, None)
        assert blocks[0] < blocks[1] / 5


async def test_a_slow_look_that_finds_nothing_is_remembered(database: Database, queue: Queue) -> None:
    async with database.read() as old:
        await old.exec_driver_sql("set transaction isolation level repeatable read")
        await old.exec_driver_sql("select count(*) from job_queue")
        await churn(database)
        queue.hear_of(None)
        assert (await queue.cycle([], Wanted(1))).has_seen_all
        [new] = await submitted(database, 0)
        queue.hear_of(NewJobs("default", 0, new))
        answer = await queue.cycle([], Wanted(1))
        assert ([job.id for job in answer.taken], answer.has_seen_all) == ([new], False)


async def churn(database: Database) -> None:
    """So many jobs come and go that it takes long to walk over them."""
    async with database.transaction() as conn:
        await service.submit_many(conn, NoopHandler, [JobParams()] * 60_000)
    async with database.transaction() as conn:
        await conn.execute(text("delete from procrastinate_jobs"))


async def blocks_read(database: Database, head: int | None) -> int:
    """How many blocks a fetch looks at; with a head, from there on."""
    fetch = "select id from fetch_jobs(null, null, null, null, 1, true, %s, %s, %s)"
    heads = (["default"], [0], [head]) if head else (None, None, None)
    async with database.read() as conn:
        for _ in range(2):  # the first has to look up what a new session does not know yet
            savepoint = await conn.begin_nested()
            explained = await conn.exec_driver_sql(f"explain (analyze, buffers, format json) {fetch}", heads)
            plan = explained.scalar_one()[0]["Plan"]
            await savepoint.rollback()
    assert plan["Actual Rows"] >= 1
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_the_heads_of_a_slow_fetch_are_told_all_or_none(database: Database, queue: Queue) -> None:
    async with database.transaction() as conn:
        for priority in (5, 0):
            await service.submit_many(conn, NoopHandler, [JobParams()] * 3_000, priority=priority)
    async with database.transaction() as conn:
        # Taking so many is slow, finding where they begin is not.
        rows = await conn.exec_driver_sql(
            "select count(*) from fetch_jobs(null, null, null, null, 5000, true) where task_name is null"
        )
        assert rows.scalar_one() in (0, 2)


async def test_a_missing_right_blames_no_end(
    database: Database, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submitted(database, 0)
    mine = await taken(queue, Wanted(1))
    with monkeypatch.context() as patched:
        patched.setattr("jobs.queue.query_text", lambda name: "select work_cycle()")
        with pytest.raises(QueueUnavailable, match="does not exist"):
            await queue.cycle([completed(mine[0])], NOTHING)
    assert (await queue.cycle([completed(mine[0])], NOTHING)).lost == set()
