"""A job type that the suite's workers do not load unless told to, as in the middle of a deploy."""

from jobs.handler import Handler, Job
from tests.chaos.handlers import Done, Params, witnessed, work


class UnknownHandler(Handler[Params]):
    job_type = "chaos_unknown"

    async def run(self, params: Params, job: Job) -> Done:
        async with witnessed(job):
            return await work(params, job)
