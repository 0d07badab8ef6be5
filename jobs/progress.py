"""What the jobs of a worker last reported: written and notified together, at most four times a second."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import text

from store.database import Database, DatabaseUnavailable
from store.jsonb import storable_text
from store.outage import Outage
from store.queries import query

SECONDS_BETWEEN_WRITES = 0.25
# NOTIFY carries at most 8,000 bytes; beyond this many jobs "everything changed" says it.
MOST_NOTIFIED = 300


@dataclass(frozen=True)
class Progress:
    fraction: float
    step: str
    message: str
    worker_id: int | None = None
    """Who says it, where it is known."""


class ProgressBoard:
    """Collects reports in memory; `run` writes the latest of each job."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: dict[tuple[int, int], Progress] = {}
        self._changed: set[int] = set()
        self._dirty = asyncio.Event()
        self._outage = Outage("progress", longest_wait=SECONDS_BETWEEN_WRITES, seconds_between=300)

    def report(self, job_id: int, attempt: int, progress: Progress) -> None:
        self._latest[job_id, attempt] = progress
        self.changed(job_id)

    def changed(self, job_id: int) -> None:
        """The job's row has changed elsewhere (started, ended): whoever streams it will be told."""
        self._changed.add(job_id)
        self._dirty.set()

    def take(self, job_id: int, attempt: int) -> Progress | None:
        """The report not written yet, which then is the caller's to write."""
        return self._latest.pop((job_id, attempt), None)

    async def run(self) -> None:
        """Writes until it is cancelled; the first report goes out at once, those that follow in groups."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001 - told with its trace; the next write may do better
                self._outage.goes_on(error, exc_info=error)
            await asyncio.sleep(SECONDS_BETWEEN_WRITES)

    async def flush(self) -> None:
        reports, self._latest = self._latest, {}
        changed, self._changed = self._changed, set()
        if not changed:
            return
        notified = ",".join(map(str, sorted(changed))) if len(changed) <= MOST_NOTIFIED else "*"
        try:
            async with self._database.transaction() as conn:
                if reports:
                    await conn.execute(query("report_progress"), _columns(reports))
                await conn.execute(text("select pg_notify('matchday_jobs', :ids)"), {"ids": notified})
        except DatabaseUnavailable as error:
            # Progress is news, not record: the next report brings it up to date.
            self._outage.goes_on(error)
        else:
            self._outage.is_over()


def _columns(reports: dict[tuple[int, int], Progress]) -> dict[str, list[object]]:
    return {
        "job_ids": [job_id for job_id, _ in reports],
        "attempts": [attempt for _, attempt in reports],
        "fractions": [progress.fraction for progress in reports.values()],
        "steps": [storable_text(progress.step) for progress in reports.values()],
        "workers": [progress.worker_id for progress in reports.values()],
        "messages": [storable_text(progress.message) for progress in reports.values()],
    }
