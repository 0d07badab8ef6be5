"""Changes of jobs as they happen: one LISTEN connection per process, any number of waiting streams."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from store.database import Database, DatabaseUnavailable
from store.jobs import JobRow, get_job
from store.listening import Listening

CHANNEL = "matchday_jobs"
EVERY_JOB = "*"
MAX_STREAMS = 500
# How long a stream trusts silence: a lost connection or a pooler brings no notification, and no error.
SECONDS_WITH_LISTENER = 5.0
SECONDS_WITHOUT_LISTENER = 1.0
READS_AT_ONCE = 2


class TooManyStreams(Exception):
    """This process serves as many event streams as it may."""


class JobEvents:
    """Wakes the streams of a job when its row changes; a stream re-reads the row, so nothing is missed."""

    def __init__(self, database: Database, direct_url: str) -> None:
        self._database = database
        self._listening = Listening(
            database, direct_url, "api listener", [CHANNEL], self._wake, lambda: self._wake(EVERY_JOB)
        )
        self._waiting: dict[int, set[asyncio.Event]] = {}
        # All streams together hold at most this share of the pool.
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._is_ending = False

    @property
    def streams(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def is_listening(self) -> bool:
        """Whether changes are heard of; otherwise each stream looks by itself."""
        return self._listening.hears

    async def listen(self) -> None:
        """Listens until cancelled; comes back by itself after the database was away."""
        await self._listening.run()

    @contextmanager
    def watch(self, job_id: int) -> Iterator[asyncio.Event]:
        """An event that is set whenever the job may have changed. Raises TooManyStreams."""
        if self.streams >= MAX_STREAMS:
            raise TooManyStreams
        changed = asyncio.Event()
        self._waiting.setdefault(job_id, set()).add(changed)
        try:
            yield changed
        finally:
            self._waiting[job_id].discard(changed)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def changes(self, job_id: int, changed: asyncio.Event) -> AsyncIterator[JobRow]:
        """The job now, and again after each change until it is finished, deleted or the process stops."""
        shown: JobRow | None = None
        while not self._is_ending:
            changed.clear()
            with suppress(DatabaseUnavailable):  # the next look finds it again
                job = await self._read(job_id)
                if job is None:
                    return
                if job != shown:
                    shown = job
                    yield job
                if not job.is_active:
                    return
            await self._wait(changed)

    def end_streams(self) -> None:
        self._is_ending = True
        self._wake(EVERY_JOB)

    def _wake(self, payload: str) -> None:
        if payload == EVERY_JOB:
            woken = list(self._waiting)
        else:
            woken = [int(job_id) for job_id in payload.split(",") if job_id.isdecimal()]
        for job_id in woken:
            for changed in self._waiting.get(job_id, ()):
                changed.set()

    async def _read(self, job_id: int) -> JobRow | None:
        async with self._reads, self._database.read() as conn:
            return await get_job(conn, job_id)

    async def _wait(self, changed: asyncio.Event) -> None:
        seconds = SECONDS_WITH_LISTENER if self.is_listening else SECONDS_WITHOUT_LISTENER
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()
