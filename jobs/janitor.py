"""What some worker must do for all: due jobs, open limits, schedules, the jobs of dead workers given back.

Not a job itself: it would wait in the queue that it should heal.
"""

import asyncio
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import text

from jobs.schedules import tick
from store.database import Database, DatabaseUnavailable
from store.outage import Outage

LONGEST_PAUSE = 0.5
SCHEDULE_SECONDS = 1.0
RESCUE_SECONDS = 2.0

log = structlog.get_logger()


class Janitor:
    """`queues` are those of its worker; none means all."""

    def __init__(self, database: Database, queues: Sequence[str] = ()) -> None:
        self._database, self._queues = database, list(queues) or None
        self._ticked_at = self._rescued_at = 0.0
        # The queue itself speaks of an outage more often.
        self._outage = Outage("janitor", longest_wait=LONGEST_PAUSE, seconds_between=300)

    async def run(self) -> None:
        """Works until it is cancelled; every worker has one, and they do not get into each other's way."""
        while True:
            pause = LONGEST_PAUSE
            try:
                pause = await self.round()
                self._outage.is_over()
            except DatabaseUnavailable as error:
                pause = self._outage.goes_on(error)
            except Exception as error:  # noqa: BLE001 - told with its trace; the next round may do better
                pause = self._outage.goes_on(error, exc_info=error)
            await asyncio.sleep(min(max(pause, 0.01), LONGEST_PAUSE))

    async def round(self) -> float:
        """One round; gives the seconds until there may be more to do."""
        # What fails again and again keeps only those after it from being done.
        if time.monotonic() - self._rescued_at >= RESCUE_SECONDS:
            self._rescued_at = time.monotonic()
            await self._rescue()
        if time.monotonic() - self._ticked_at >= SCHEDULE_SECONDS:
            self._ticked_at = time.monotonic()
            async with self._database.transaction() as conn:
                await tick(conn)
        async with self._database.transaction() as conn:
            pause = await conn.scalar(
                text("select least(ready_due_jobs(:most), let_limited_jobs_in(:queues))"),
                {"most": LONGEST_PAUSE, "queues": self._queues},
            )
        return float(pause or 0)

    async def _rescue(self) -> None:
        async with self._database.transaction() as conn:
            rescued = (await conn.execute(text("select job_id, new_status from rescue_jobs()"))).all()
        for job_id, status in rescued:
            log.warning("job_rescued", job_id=job_id, status=status)
