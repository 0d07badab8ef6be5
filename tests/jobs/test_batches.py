"""Jobs of several types added by one call, in the caller's transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from jobs import service
from jobs.batches import BatchJob, SameWork, submit_batch
from jobs.handler import JobParams
from store.database import Database
from store.jobs import JobFilter, get_job, list_jobs
from tests.engine import KeyedHandler, KeyedParams, LoopHandler, ModeParams, NoopHandler

pytestmark = pytest.mark.anyio


def keyed(key: str) -> BatchJob:
    return BatchJob(KeyedHandler, KeyedParams(key=key))


async def test_a_batch_has_its_ids_in_its_order(database: Database) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    jobs = [
        BatchJob(LoopHandler, ModeParams(mode='a "quoted" \\ {text}, é'), priority=3),
        BatchJob(NoopHandler, JobParams(), run_after=later),
        keyed("a"),
    ]
    async with database.transaction() as conn:
        ids = await submit_batch(conn, jobs, requested_by="ops")
        found = [await get_job(conn, job_id) for job_id in ids]
    assert [job and (job.job_type, job.priority, job.run_after) for job in found] == [
        ("test_loop", 3, None),
        ("test_noop", 0, later),
        ("test_keyed", 0, None),
    ]
    assert found[0] is not None
    assert found[0].params == {"mode": 'a "quoted" \\ {text}, é', "seconds": 0.0}


@pytest.mark.parametrize("keys", [["b", "taken", "c"], ["b", "c", "b"]])
async def test_a_refused_batch_adds_nothing_and_keeps_the_callers_transaction(
    database: Database, keys: list[str]
) -> None:
    async with database.transaction() as conn:
        taken = await service.submit(conn, KeyedHandler, KeyedParams(key="taken"))
        with pytest.raises(SameWork) as refused:
            await submit_batch(conn, [keyed(key) for key in keys])
        other = await service.submit(conn, NoopHandler, JobParams())
    assert (refused.value.index, refused.value.job_id) in [(1, taken), (2, None)]
    async with database.read() as conn:
        assert [job.id for job in await list_jobs(conn, JobFilter())] == [other, taken]


async def test_a_batch_of_many_types_tells_each_queue_once(database: Database) -> None:
    async with database.transaction() as conn:
        await submit_batch(conn, [BatchJob(NoopHandler, JobParams())] * 500 + [keyed("a")])
        ready = text("select count(*) from jobs_active where status = 'todo' and waits_for is null")
        assert await conn.scalar(ready) == 501
