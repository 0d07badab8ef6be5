"""Jobs come and go with the caller's transaction."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs import service
from jobs.handler import HANDLERS, Handler, JobParams
from store.database import Database
from store.jobs import JobFilter, get_job, list_jobs
from tests.engine import KeyedHandler, KeyedParams, LoopHandler, ModeParams, NoopHandler

pytestmark = pytest.mark.anyio


async def test_a_submitted_job_is_pending_with_its_parameters(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(
            conn, LoopHandler, ModeParams(mode="error"), requested_by="ops", priority=3
        )
    async with database.read() as conn:
        job = await get_job(conn, job_id)
    assert job is not None
    assert (job.status, job.job_type, job.priority) == ("pending", "test_loop", 3)
    assert job.params == {"mode": "error", "seconds": 0.0}
    assert (job.requested_by, job.attempt, job.started_at, job.finished_at) == ("ops", 0, None, None)


async def test_a_rolled_back_transaction_leaves_no_job(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as conn:
            await service.submit(conn, NoopHandler, JobParams())
            raise RuntimeError
    async with database.read() as conn:
        assert await list_jobs(conn, JobFilter()) == []


async def test_a_refused_twin_names_the_active_job_and_keeps_the_callers_transaction(
    database: Database,
) -> None:
    async with database.transaction() as conn:
        first = await service.submit(conn, KeyedHandler, KeyedParams(key="a"))
    async with database.transaction() as conn:
        other = await service.submit(conn, KeyedHandler, KeyedParams(key="b"))
        with pytest.raises(service.AlreadyActive) as refused:
            await service.submit(conn, KeyedHandler, KeyedParams(key="a"))
    assert refused.value.job_id == first
    async with database.read() as conn:
        assert {job.id for job in await list_jobs(conn, JobFilter())} == {first, other}


async def test_a_key_is_free_again_when_its_job_ended(database: Database) -> None:
    async with database.transaction() as conn:
        first = await service.submit(conn, KeyedHandler, KeyedParams(key="a"))
        await service.cancel(conn, first)
        assert await service.submit(conn, KeyedHandler, KeyedParams(key="a")) > first


async def test_a_pending_job_is_cancelled_at_once(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
        await service.cancel(conn, job_id)
        job = await get_job(conn, job_id)
        assert job is not None
        assert job.status == "cancelled"
        assert job.finished_at is not None
        with pytest.raises(service.WrongStatus, match="cancelled"):
            await service.cancel(conn, job_id)


async def test_a_cancelled_job_can_be_tried_again(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
        await service.cancel(conn, job_id)
        await service.retry(conn, job_id)
        job = await get_job(conn, job_id)
    assert job is not None
    assert (job.status, job.cancel_requested, job.finished_at) == ("pending", False, None)


async def test_a_pending_job_cannot_be_tried_again(database: Database) -> None:
    async with database.transaction() as conn:
        job_id = await service.submit(conn, NoopHandler, JobParams())
        with pytest.raises(service.WrongStatus, match="pending"):
            await service.retry(conn, job_id)


async def test_a_retry_is_refused_while_a_twin_is_active(database: Database) -> None:
    async with database.transaction() as conn:
        first = await service.submit(conn, KeyedHandler, KeyedParams(key="a"))
        await service.cancel(conn, first)
        twin = await service.submit(conn, KeyedHandler, KeyedParams(key="a"))
        with pytest.raises(service.AlreadyActive) as refused:
            await service.retry(conn, first)
        assert refused.value.job_id == twin
        job = await get_job(conn, first)
    assert job is not None
    assert job.status == "cancelled"


@pytest.mark.parametrize("act", [service.cancel, service.retry])
async def test_an_unknown_job_is_said_to_be_unknown(database: Database, act) -> None:  # type: ignore[no-untyped-def]
    async with database.transaction() as conn:
        with pytest.raises(service.JobNotFound, match="no job 4711"):
            await act(conn, 4711)


async def test_only_jobs_that_finished_long_ago_are_deleted(database: Database) -> None:
    async with database.transaction() as conn:
        old, fresh, pending = [await service.submit(conn, NoopHandler, JobParams()) for _ in range(3)]
        for job_id in (old, fresh):
            await service.cancel(conn, job_id)
        await conn.execute(
            text(
                "update procrastinate_jobs set created_at = now() - interval '9 days'"
                " where id in (:old, :waits)"
            ),
            {"old": old, "waits": pending},
        )
        await conn.execute(
            text("update jobs_finished set finished_at = now() - interval '8 days' where id = :old"),
            {"old": old},
        )
        assert await service.delete_finished(conn, service.KeptFor.all_alike(timedelta(days=7))) == 1
        assert await service.delete_finished(conn, service.KeptFor.all_alike(timedelta(days=7))) == 0
        assert {job.id for job in await list_jobs(conn, JobFilter())} == {fresh, pending}


async def test_two_who_add_the_same_keys_in_another_order_do_not_lock_each_other_up(
    database: Database,
) -> None:
    many = [KeyedParams(key=f"k{number}") for number in range(1_000)]

    async def add(params: list[KeyedParams]) -> list[int] | service.AlreadyActive:
        try:
            async with database.transaction() as conn:
                return await service.submit_many(conn, KeyedHandler, params)
        except service.AlreadyActive as refused:
            return refused

    for _ in range(5):
        answers = await asyncio.gather(add(many), add(many[::-1]))
        [ids] = [answer for answer in answers if isinstance(answer, list)]
        async with database.transaction() as conn:
            for job_id in ids:
                await service.cancel(conn, job_id)


async def test_the_ids_of_many_with_keys_come_in_the_order_given(database: Database) -> None:
    async with database.transaction() as conn:
        ids = await service.submit_many(conn, KeyedHandler, [KeyedParams(key=key) for key in "cab"])
        jobs = [await get_job(conn, job_id) for job_id in ids]
    assert [job and job.params["key"] for job in jobs] == ["c", "a", "b"]


def test_a_queue_whose_name_is_too_long_to_be_listened_to_is_refused() -> None:
    with pytest.raises(TypeError, match="at most 40 bytes"):

        class FarHandler(Handler[JobParams]):
            job_type = "test_far"
            queue = "q" * 41

    assert "test_far" not in HANDLERS
