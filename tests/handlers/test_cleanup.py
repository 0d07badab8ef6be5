"""The clean-up job deletes what finished long ago, and spares itself."""

from sqlalchemy import text

from config.settings import Settings
from handlers.cleanup import CleanupHandler, CleanupParams
from jobs import service
from jobs.handler import JobParams
from jobs.testing import run_inline
from store.database import Database
from store.jobs import JobFilter, list_jobs
from tests.engine import NoopHandler


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


async def test_expired_idempotency_keys_go_in_batches_and_the_others_stay(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into idempotency_keys (key, fingerprint, status, body, created_at)"
                " select 'k-' || n, sha256('x'), 202, '{}',"
                "        now() - case when n <= 2500 then interval '25 hours' else interval '23 hours' end"
                " from generate_series(1, 2501) n"
            )
        )
    _, result = await run_inline(database, settings, CleanupHandler, CleanupParams())
    assert (result.deleted, result.keys_deleted) == (0, 2500)
    async with database.read() as conn:
        assert list(await conn.scalars(text("select key from idempotency_keys"))) == ["k-2501"]
