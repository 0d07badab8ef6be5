"""Pipelines of jobs: the order of steps, what they are given, how failures and cancels spread, resuming."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from jobs import service
from jobs.batches import BatchJob
from jobs.handler import Handler, Job, JobParams, Limit
from jobs.pipelines import (
    Step,
    cancel_pipeline,
    retry_pipeline,
    submit_pipeline,
)
from jobs.service import WrongStatus
from store.database import Database
from store.jobs import get_job
from store.pipelines import GraphStep, graph_of, graph_steps
from tests.engine import NoopHandler, ProcessSumHandler, SumParams
from tests.engine.graphs import DIAMOND, end, statuses, steps_of, submitted, take
from tests.engine.worker import has_ended, is_working, until, worker

pytestmark = pytest.mark.anyio
FAN = {"source": "", "one": "source", "two": "source", "three": "source", "sum": "one two three"}


class OneAtATimeHandler(Handler[JobParams]):
    job_type = "test_one_at_a_time"

    def limit(self, params: JobParams) -> Limit:
        return Limit("test_one_at_a_time", at_once=1)

    async def run(self, params: JobParams, job: Job) -> None:
        return None


async def steps(database: Database, pipeline_id: int) -> dict[str, GraphStep]:
    async with database.read() as conn:
        return {step.name: step for step in await graph_steps(conn, pipeline_id, results=True)}


async def test_steps_run_after_those_they_wait_for_and_get_their_results(database: Database) -> None:
    fan = steps_of(FAN, one=SumParams(add=10), two=SumParams(add=20))
    fan[3] = Step("three", BatchJob(ProcessSumHandler, SumParams(add=30)), ("source",))
    fan.append(Step("child", BatchJob(ProcessSumHandler, SumParams()), ("sum", "two")))
    async with database.transaction() as conn:
        pipeline_id = await submit_pipeline(conn, fan, requested_by="ops", request_id="r-1")
    with worker(database.url):
        last = await until(database, pipeline_id + len(fan) - 1, has_ended)
    done = await steps(database, pipeline_id)
    assert {name: step.result["value"] for name, step in done.items()} == {
        "source": 1, "one": 11, "two": 21, "three": 31, "sum": 64, "child": 85,
    }  # fmt: skip
    assert last.message == "after sum, two"
    assert last.requested_by == "ops"
    for step in done.values():
        for name in step.after:
            ended, began = done[name].finished_at, step.started_at
            assert ended is not None
            assert began is not None
            assert ended <= began


async def test_a_failed_pipeline_goes_on_from_the_step_that_failed(database: Database) -> None:
    ids = await submitted(database, FAN, two=SumParams(add=20, fails=1))
    with worker(database.url):
        await until(database, ids["sum"], has_ended)
        await until(database, ids["three"], has_ended)
        assert await statuses(database, ids["source"]) == {
            "source": "completed", "one": "completed", "two": "failed", "three": "completed",
            "sum": "cancelled",
        }  # fmt: skip
        async with database.transaction() as conn:
            assert sorted(await retry_pipeline(conn, ids["source"])) == [ids["two"], ids["sum"]]
        await until(database, ids["sum"], has_ended)
    done = await steps(database, ids["source"])
    assert {name: (step.status, step.attempt) for name, step in done.items()} == {
        "source": ("completed", 1), "one": ("completed", 1), "two": ("completed", 2),
        "three": ("completed", 1), "sum": ("completed", 1),
    }  # fmt: skip
    assert done["sum"].result["value"] == 1 + 2 + 21 + 2


async def test_a_cancelled_pipeline_stops_the_step_that_runs(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": ""}, a=SumParams(seconds=50), e=SumParams(seconds=50))
    with worker(database.url):
        await until(database, ids["a"], is_working)
        await until(database, ids["e"], is_working)
        async with database.transaction() as conn:
            done = await cancel_pipeline(conn, ids["a"])
        assert (sorted(done.cancelled), sorted(done.asked)) == (
            [ids["b"], ids["c"], ids["d"]],
            [ids["a"], ids["e"]],
        )
        await until(database, ids["a"], has_ended)
        await until(database, ids["e"], has_ended)
    assert set((await statuses(database, ids["a"])).values()) == {"cancelled"}


async def test_only_steps_that_wait_for_none_can_be_taken(database: Database) -> None:
    ids = await submitted(database, DIAMOND)
    async with database.transaction() as conn:
        assert await take(conn) == [ids["a"]]
        await end(conn, ids["a"], result='{"value": 1}')
        assert await take(conn) == [ids["b"], ids["c"]]
        await end(conn, ids["c"])
        assert await take(conn) == []
        await end(conn, ids["b"], result='{"value": 2}')
        assert await take(conn) == [ids["d"]]
        inputs = await conn.scalar(
            text("select args -> 'inputs' from jobs_active where id = :id"), {"id": ids["d"]}
        )
    assert inputs == {"b": {"value": 2}, "c": None}


async def test_steps_after_one_that_failed_are_cancelled_and_no_others(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": "d", "f": "c"})
    async with database.transaction() as conn:
        await take(conn)
        await end(conn, ids["a"])
        await take(conn)
        await end(conn, ids["b"], "failed")
    assert await statuses(database, ids["a"]) == {
        "a": "completed", "b": "failed", "c": "running", "d": "cancelled", "e": "cancelled", "f": "pending",
    }  # fmt: skip


async def test_a_failure_that_is_tried_again_cancels_nothing(database: Database) -> None:
    ids = await submitted(database, DIAMOND)
    again = json.dumps([{"id": ids["a"], "attempt": 1, "outcome": "failed", "retry_in": 30}])
    async with database.transaction() as conn:
        await take(conn)
        await conn.execute(text("select * from end_runs('w', cast(:ends as jsonb))"), {"ends": again})
    assert set((await statuses(database, ids["a"])).values()) == {"pending"}


async def test_cancelling_a_pending_step_cancels_what_waits_for_it(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": "d"})
    async with database.transaction() as conn:
        await service.cancel(conn, ids["b"])
    assert await statuses(database, ids["a"]) == {
        "a": "pending", "b": "cancelled", "c": "pending", "d": "cancelled", "e": "cancelled",
    }  # fmt: skip


async def test_cancelling_some_counts_the_steps_after_them(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": ""})
    async with database.transaction() as conn:
        await take(conn)
        done = await service.cancel_some(conn, [ids["a"], ids["c"], ids["e"]])
        held = await service.cancel_held(conn, ids["b"])
    assert (sorted(done.cancelled), sorted(done.asked)) == ([ids["c"], ids["d"]], [ids["a"], ids["e"]])
    assert (held.cancelled, held.asked) == ([ids["b"]], [])


async def test_cancelling_a_running_step_cancels_what_waits_once_it_has_stopped(database: Database) -> None:
    ids = await submitted(database, DIAMOND)
    async with database.transaction() as conn:
        await take(conn)
        await service.cancel(conn, ids["a"])
    assert (await statuses(database, ids["a"]))["d"] == "pending"
    async with database.transaction() as conn:
        await end(conn, ids["a"], "cancelled")
    assert set((await statuses(database, ids["a"])).values()) == {"cancelled"}


async def test_retrying_a_step_brings_back_what_was_cancelled_after_it(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": "c"})
    async with database.transaction() as conn:
        await take(conn)
        await end(conn, ids["a"], result='{"value": 7}')
        await take(conn)
        await end(conn, ids["b"], "failed")
        await end(conn, ids["c"], "failed")
        await service.retry(conn, ids["b"])
        assert [step.status for step in await graph_steps(conn, ids["a"])] == [
            "completed", "pending", "failed", "cancelled", "cancelled",  # d waits for c too
        ]  # fmt: skip
        await service.retry(conn, ids["c"])
        assert await take(conn) == [ids["b"], ids["c"]]
        inputs = await conn.scalar(
            text("select args -> 'inputs' from jobs_active where id = :id"), {"id": ids["c"]}
        )
        await end(conn, ids["b"])
        await end(conn, ids["c"])
        assert await take(conn) == [ids["d"], ids["e"]]
    assert inputs == {"a": {"value": 7}}


async def test_a_step_after_one_that_failed_cannot_be_tried_again_alone(database: Database) -> None:
    ids = await submitted(database, DIAMOND)
    async with database.transaction() as conn:
        await take(conn)
        await end(conn, ids["a"], "failed")
    with pytest.raises(WrongStatus, match=f"waits for job {ids['a']}, which is failed"):
        async with database.transaction() as conn:
            await service.retry(conn, ids["b"])
    assert (await statuses(database, ids["a"]))["b"] == "cancelled"


async def test_what_has_completed_cannot_be_tried_again_nor_what_is_over_cancelled(
    database: Database,
) -> None:
    ids = await submitted(database, {"a": "", "b": "a"})
    async with database.transaction() as conn:
        with pytest.raises(WrongStatus, match=f"pipeline {ids['a']} is pending"):
            await retry_pipeline(conn, ids["a"])
        for _ in ids:
            [job_id] = await take(conn)
            await end(conn, job_id)
        with pytest.raises(WrongStatus, match="completed: only one with failed"):
            await retry_pipeline(conn, ids["a"])
        with pytest.raises(WrongStatus, match="completed: only one with pending"):
            await cancel_pipeline(conn, ids["a"])
        with pytest.raises(WrongStatus):
            await service.retry(conn, ids["a"])


async def test_a_pipeline_that_is_gone_is_not_found(database: Database) -> None:
    async with database.transaction() as conn:
        for asked in (cancel_pipeline, retry_pipeline):
            with pytest.raises(service.JobNotFound):
                await asked(conn, 7)


async def test_a_step_waits_for_its_time_and_its_limit_too(database: Database) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    async with database.transaction() as conn:
        first = await submit_pipeline(
            conn,
            [
                Step("a", BatchJob(NoopHandler, JobParams())),
                Step("timed", BatchJob(NoopHandler, JobParams(), run_after=later), ("a",)),
                Step("limited", BatchJob(OneAtATimeHandler, JobParams()), ("a",)),
            ],
        )
        await take(conn)
        await end(conn, first)
        waits = await conn.execute(text("select waits_for from jobs_active order by id"))
        assert list(waits.scalars()) == ["time", "limit"]
        await conn.execute(text("select let_limited_jobs_in()"))
        assert await take(conn) == [first + 2]


async def test_a_job_of_its_own_is_no_step(database: Database) -> None:
    ids = await submitted(database, {"a": "", "b": "a"})
    async with database.transaction() as conn:
        alone = await service.submit(conn, NoopHandler, JobParams())
        assert [await graph_of(conn, one) for one in (*ids.values(), alone)] == [ids["a"], ids["a"], None]


async def test_a_clean_up_leaves_a_pipeline_whole_until_all_of_it_is_old(database: Database) -> None:
    ids = await submitted(database, {**DIAMOND, "e": ""})
    old = text("update jobs_finished set finished_at = now() - interval '9 days' where id = any (:ids)")
    week = timedelta(days=7)
    async with database.transaction() as conn:
        await take(conn)
        await end(conn, ids["a"])
        await end(conn, ids["e"])
        await conn.execute(old, {"ids": list(ids.values())})
        assert (
            await service.delete_finished(conn, service.KeptFor.all_alike(week)) == 0
        )  # the others are active
        await take(conn)
        await end(conn, ids["b"], "failed")
        await end(conn, ids["c"])
        assert await service.delete_finished(conn, service.KeptFor.all_alike(week)) == 0  # some are young
        await conn.execute(old, {"ids": list(ids.values())})
        alone = await service.submit(conn, NoopHandler, JobParams())
        await service.cancel(conn, alone)
        await conn.execute(old, {"ids": [alone]})
        assert await service.delete_finished(conn, service.KeptFor.all_alike(week)) == 1
        assert await service.delete_finished(conn, service.KeptFor.all_alike(week)) == 5
        assert await conn.scalar(text("select count(*) from graph_edges")) == 0
        assert await get_job(conn, ids["a"]) is None


async def test_five_hundred_steps_side_by_side_join_in_one(database: Database) -> None:
    wide = {f"s{n}": "" for n in range(499)}
    ids = await submitted(database, {**wide, "all": " ".join(wide)})
    async with database.transaction() as conn:
        taken = await take(conn, 499)
        await conn.execute(
            text("select complete_runs('w', :ids, :attempts, null)"), {"ids": taken, "attempts": [1] * 499}
        )
        assert await take(conn) == [ids["all"]]
