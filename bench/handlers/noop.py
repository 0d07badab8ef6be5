"""Nothing, in the worker's loop."""

from jobs.handler import Handler, Job, JobParams


class NoopParams(JobParams):
    pass


class NoopHandler(Handler[NoopParams]):
    job_type = "noop"

    async def run(self, params: NoopParams, job: Job) -> None:  # noqa: ARG002 - it looks at neither
        return None
