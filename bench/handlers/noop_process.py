"""Nothing, in a process of its own; the result says when it began."""

import time

from pydantic import BaseModel

from jobs.handler import Handler, Job, JobParams


class NoopProcessParams(JobParams):
    pass


class Began(BaseModel):
    """Seconds since the epoch, by this machine's clock, at the handler's first line."""

    at: float


class NoopProcessHandler(Handler[NoopProcessParams]):
    job_type = "noop_process"
    own_process = True

    async def run(self, params: NoopProcessParams, job: Job) -> Began:  # noqa: ARG002 - it looks at neither
        return Began(at=time.time())
