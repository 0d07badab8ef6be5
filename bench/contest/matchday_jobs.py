"""The benchmark's job in matchday: nothing but the counter, in the worker's loop."""

from bench.contest.counter import of_this_worker
from jobs.handler import Handler, Job, JobParams


class CountedParams(JobParams):
    pass


class CountedHandler(Handler[CountedParams]):
    job_type = "counted"

    async def run(self, params: CountedParams, job: Job) -> None:  # noqa: ARG002 - it looks at neither
        of_this_worker().bump()
