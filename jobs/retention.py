"""Deletes by itself what has been kept for long enough, in small batches that never block the queue."""

import asyncio
import time

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from jobs.service import KeptFor, delete_finished
from store.database import Database, DatabaseUnavailable
from store.idempotency import delete_expired

# Of all workers, one deletes at a time.
LOCK = 7236054813
BATCH = 1_000
# While there is more to delete, this share of the time goes into it; then it rests.
BUSY_SHARE = 0.2
# As much where somebody has asked for it and waits.
ASKED_SHARE = 0.25
REST_SECONDS = 600.0

log = structlog.get_logger()


class Retention:
    """Every worker has one; what another is just deleting is left to it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._kept = KeptFor.days(
            settings.retention_completed_days,
            settings.retention_failed_days,
            settings.retention_cancelled_days,
        )

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            pause = REST_SECONDS
            began = time.monotonic()
            try:
                if await self.delete_a_batch():
                    pause = rest_after(began, BUSY_SHARE)
            except DatabaseUnavailable as error:
                log.debug("retention_put_off", error=str(error))  # of the outage others speak
            except Exception:
                log.exception("retention_failed")
            await asyncio.sleep(pause)

    async def delete_a_batch(self) -> int:
        """How many rows went; 0 when there is nothing more to delete, or another worker is at it."""
        async with self._database.transaction() as conn:
            if not await conn.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
                return 0
            jobs = await delete_finished(conn, self._kept, BATCH)
            return jobs + await delete_expired(conn, BATCH) + await _forget_starts(conn)


def rest_after(began: float, share: float = ASKED_SHARE) -> float:
    """For how long to rest, so that the work since `began` (monotonic) takes this share of the time."""
    return (time.monotonic() - began) * (1 / share - 1)


async def _forget_starts(conn: AsyncConnection) -> int:
    """Starts under a limit that no longer count, of keys that nobody uses any more."""
    deleted = await conn.execute(
        text(
            "delete from limit_starts s where started_at < clock_timestamp() - coalesce("
            " (select l.per from limits l where l.key = s.key), interval '0')"
        )
    )
    return deleted.rowcount
