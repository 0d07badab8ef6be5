"""The clean-up job deletes what finished long ago, and spares itself."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from handlers.cleanup import CleanupHandler, CleanupParams
from jobs import service
from jobs.handler import JobParams
from jobs.testing import run_inline
from store.database import Database
from store.jobs import JobFilter, list_jobs
from store.predictions import NewPrediction, save_predictions
from tests.engine import NoopHandler
from tests.handlers.small_league import AS_OF, KICKOFF, offer, offered, rows, run, settle_in

HOUR = timedelta(hours=1)


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


async def test_old_predictions_go_but_the_last_one_before_kick_off(
    database: Database, settings: Settings
) -> None:
    await settle_in(database, settings)
    async with database.transaction() as conn:
        said = NewPrediction(1, 1, KICKOFF - HOUR, 0.5, 0.3, 0.2, "home")
        match_id = await conn.scalar(text("select id from matches where kickoff_at = :at"), {"at": KICKOFF})
        for hours in (-3, -2, -1, 1):
            as_of = KICKOFF + hours * HOUR
            await save_predictions(conn, 1, [replace(said, match_id=match_id, as_of=as_of)])
        await made_days_ago(conn, "match_predictions set predicted_at", 8)
        await save_predictions(conn, 1, [replace(said, match_id=match_id, as_of=KICKOFF - 4 * HOUR)])
    _, result = await run_inline(database, settings, CleanupHandler, CleanupParams())
    async with database.read() as conn:
        left = await rows(conn, "select as_of from match_predictions order by as_of")
    assert result.predictions_deleted == 3
    assert left == [(KICKOFF - 4 * HOUR,), (KICKOFF - HOUR,)]


async def test_old_picks_go_but_those_that_were_bet_on(database: Database, settings: Settings) -> None:
    await settle_in(database, settings)
    await offered(database, offer("9.00", "9.00", "9.00"))
    await run(database, settings, bet=True)
    await run(database, settings, as_of=AS_OF + HOUR, bankroll="other")
    async with database.transaction() as conn:
        await made_days_ago(conn, "picks set created_at", 8)
    await run(database, settings, as_of=AS_OF + 2 * HOUR, bankroll="other")
    _, result = await run_inline(database, settings, CleanupHandler, CleanupParams())
    async with database.read() as conn:
        left = await rows(conn, "select as_of from picks order by as_of")
    assert result.picks_deleted == 1
    assert left == [(AS_OF,), (AS_OF + 2 * HOUR,)]


async def made_days_ago(conn: AsyncConnection, column: str, days: int) -> None:
    await conn.execute(text(f"update {column} = now() - :days * interval '1 day'"), {"days": days})
