"""Deadlines cancel the task that is late, and no other."""

import asyncio
from datetime import timedelta

import pytest

from jobs.deadlines import Deadlines

pytestmark = pytest.mark.anyio


async def work(deadlines: Deadlines, seconds: float, limit: float) -> bool:
    """Whether the work was cut off at its deadline."""
    task = asyncio.current_task()
    assert task is not None
    deadlines.begin(task, timedelta(seconds=limit))
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        task.uncancel()
    return deadlines.end(task)


async def test_only_what_is_late_is_cut_off() -> None:
    deadlines = Deadlines()
    cut_off = await asyncio.gather(
        work(deadlines, 0, 60), work(deadlines, 30, 0.1), work(deadlines, 0.3, 60), work(deadlines, 30, 0.2)
    )
    assert list(cut_off) == [False, True, False, True]


async def test_a_cancel_by_others_is_not_its_deadline() -> None:
    late = asyncio.create_task(work(Deadlines(), 30, 30))
    await asyncio.sleep(0)
    late.cancel()
    assert await late is False


async def test_a_task_may_have_one_deadline_after_the_other() -> None:
    deadlines = Deadlines()
    assert [await work(deadlines, seconds, 0.1) for seconds in (30, 0, 30)] == [True, False, True]
