"""Delete jobs that finished long ago, in small batches that never block the queue."""

from datetime import timedelta

from pydantic import BaseModel, Field

from jobs.handler import Handler, Job, JobParams
from jobs.service import delete_finished


class CleanupParams(JobParams):
    older_than_days: float = Field(7, ge=0, le=3_650)


class CleanupResult(BaseModel):
    deleted: int


class CleanupHandler(Handler[CleanupParams]):
    job_type = "cleanup"
    timeout = timedelta(minutes=10)

    def unique_key(self, params: CleanupParams) -> str:  # noqa: ARG002 - two at once would do the same work
        return "cleanup"

    async def run(self, params: CleanupParams, job: Job) -> CleanupResult:
        deleted, batch = 0, 1
        while batch:
            async with job.transaction() as conn:
                batch = await delete_finished(conn, timedelta(days=params.older_than_days))
            deleted += batch
            job.progress(0, f"{deleted} jobs deleted")
        return CleanupResult(deleted=deleted)
