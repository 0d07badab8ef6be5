"""Pipelines that are not added, or not resumed, and what is said of it; nothing stays half done."""

import pytest
from sqlalchemy import text

from jobs import service
from jobs.batches import BatchJob
from jobs.handler import JobParams
from jobs.pipelines import (
    SameStepWork,
    Step,
    WrongGraph,
    cancel_pipeline,
    graph_faults,
    retry_pipeline,
    submit_pipeline,
)
from store.database import Database
from store.pipelines import graph_steps
from tests.engine import KeyedHandler, KeyedParams, NoopHandler
from tests.engine.graphs import steps_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("graph", "faults"),
    [
        ([], [(0, (), "a pipeline has at least one step")]),
        (
            [("a", ()), ("b", ("a",)), ("a", ())],
            [
                (0, ("name",), "there is another step named a"),
                (2, ("name",), "there is another step named a"),
            ],
        ),
        (
            [("a", ("x",)), ("b", ("a", "a"))],
            [(0, ("after", 0), "there is no step named x"), (1, ("after", 1), "a stands there already")],
        ),
        ([("a", ("a",))], [(0, ("after",), "these steps wait for each other: a, a")]),
        (
            [("a", ()), ("b", ("a", "d")), ("c", ("b",)), ("d", ("c",))],
            [(1, ("after",), "these steps wait for each other: b, c, d, b")],
        ),
    ],
)
def test_what_is_wrong_with_a_graph_is_told_by_place(
    graph: list[tuple[str, tuple[str, ...]]], faults: list[tuple[int, tuple[str | int, ...], str]]
) -> None:
    assert [(fault.index, fault.place, fault.message) for fault in graph_faults(graph)] == faults


async def test_a_wrong_graph_adds_nothing(database: Database) -> None:
    async with database.transaction() as conn:
        with pytest.raises(WrongGraph, match="step 0: there is no step named x"):
            await submit_pipeline(conn, steps_of({"a": "x"}))
        assert await conn.scalar(text("select count(*) from procrastinate_jobs")) == 0


async def test_a_step_whose_work_is_queued_already_and_nothing_is_added(database: Database) -> None:
    keyed = [
        Step(key, BatchJob(KeyedHandler, KeyedParams(key=key)), after)
        for key, after in (("a", ()), ("b", ("a",)), ("c", ("b",)))
    ]
    async with database.transaction() as conn:
        active = await service.submit(conn, KeyedHandler, KeyedParams(key="b"))
        with pytest.raises(SameStepWork, match="step 1 of this pipeline is already queued") as refused:
            await submit_pipeline(conn, keyed)
        assert (refused.value.index, refused.value.job_id) == (1, active)
        with pytest.raises(SameStepWork, match="that of step 0 of this pipeline"):
            await submit_pipeline(conn, [keyed[0], Step("again", keyed[0].job)])
        assert await conn.scalar(text("select count(*) from procrastinate_jobs")) == 1
        assert await conn.scalar(text("select count(*) from graph_edges")) == 0


async def test_resuming_is_refused_while_the_work_of_a_step_is_active(database: Database) -> None:
    async with database.transaction() as conn:
        first = await submit_pipeline(
            conn,
            [
                Step("a", BatchJob(NoopHandler, JobParams())),
                Step("b", BatchJob(KeyedHandler, KeyedParams(key="k")), ("a",)),
            ],
        )
        await cancel_pipeline(conn, first)
        twin = await service.submit(conn, KeyedHandler, KeyedParams(key="k"))
        for resume in (retry_pipeline, service.retry):
            with pytest.raises(service.AlreadyActive, match=f"job {twin}"):
                await resume(conn, first)
        assert {step.status for step in await graph_steps(conn, first)} == {"cancelled"}
