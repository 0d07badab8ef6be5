"""The clean-up job deletes what finished long ago, and spares itself."""

from sqlalchemy import text

from config.settings import Settings
from handlers.cleanup import CleanupHandler, CleanupParams
from jobs import service
from jobs.handler import JobParams
from store.database import Database
from store.jobs import JobFilter, list_jobs
from tests.engine import NoopHandler
from tests.engine.inline import run_inline


async def test_old_finished_jobs_go_in_batches(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into procrastinate_jobs (queue_name, task_name, status, finished_at)"
                " select 'default', 'test_noop', 'succeeded', now() - interval '30 days'"
                " from generate_series(1, 2500)"
            )
        )
        waiting = await service.submit(conn, NoopHandler, JobParams(), priority=-1)
    job_id, result = await run_inline(database, settings, CleanupHandler, CleanupParams(older_than_days=7))
    assert result.deleted == 2500
    async with database.read() as conn:
        assert {job.id for job in await list_jobs(conn, JobFilter())} == {waiting, job_id}
