"""A pipeline: steps that run one after the other, each a row of pipeline_jobs and a share of the progress."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from jobs.handler import Job
from store.pipelines import complete_step, plan_steps, skip_step, start_step

Counts = dict[str, Any]


class Step:
    """One step under way: `report` says how far it is, `counts` is what its row will keep."""

    def __init__(self, job: Job, name: str, begins: float, share: float) -> None:
        self._job, self._name, self._begins, self._share = job, name, begins, share
        self.counts: Counts = {}

    def report(self, fraction: float, message: str = "") -> None:
        """The fraction (0 to 1) of this step that is done."""
        self._job.progress(self._begins + self._share * fraction, message, step=self._name)


class Pipeline:
    """Runs the steps of a plan: their names in order, each with its share of the whole work."""

    def __init__(self, job: Job, shares: Mapping[str, float]) -> None:
        self._job = job
        total = sum(shares.values())
        self._shares = {name: share / total for name, share in shares.items()}

    @classmethod
    async def plan(cls, job: Job, shares: Mapping[str, float]) -> "Pipeline":
        """Writes the steps down as pending, so that everybody sees what will come."""
        async with job.transaction() as conn:
            await plan_steps(conn, job.id, job.attempt, list(shares))
        return cls(job, shares)

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[Step]:
        """Runs one step. If its work raises, the end of the run marks the step as failed, with the error."""
        step = Step(self._job, name, self._begins(name), self._shares[name])
        async with self._job.transaction() as conn:
            await start_step(conn, self._job.id, name)
        step.report(0)
        yield step
        async with self._job.transaction() as conn:
            await complete_step(conn, self._job.id, name, step.counts)
        step.report(1)

    async def skip(self, name: str) -> None:
        async with self._job.transaction() as conn:
            await skip_step(conn, self._job.id, name)

    def _begins(self, name: str) -> float:
        names = list(self._shares)
        return sum(self._shares[earlier] for earlier in names[: names.index(name)])
