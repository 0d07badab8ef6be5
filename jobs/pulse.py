"""The worker's sign of life, from a process of its own: a handler that blocks must not look like death.

It outlives the worker for a moment, to say at once that it has died.
"""

import asyncio
import os
import signal
import time
from multiprocessing import parent_process
from multiprocessing.connection import wait

import psutil
import psycopg
import structlog

from jobs.forkserver import FORKSERVER
from jobs.vitals import ALONE_SECONDS, SILENT_SECONDS, Vitals, boot_time
from store.database import conninfo

BEAT_SECONDS = 2.0
# The children of a killed worker die with it; their jobs are given to others once they surely have.
SECONDS_FOR_CHILDREN = 0.5
# A loop that does not tick for this long is blocked; a worker that is alone has this long to stop its jobs.
BLOCKED_SECONDS = 5.0
SECONDS_TO_STOP = (SILENT_SECONDS - ALONE_SECONDS) / 2

log = structlog.get_logger()


async def keep_pulse(vitals: Vitals, url: str) -> None:
    """Runs the pulse in a process of its own until it is cancelled; one that died is replaced."""
    while True:
        process = FORKSERVER.Process(target=main, args=(vitals, url), name="pulse", daemon=True)
        await asyncio.to_thread(process.start)
        try:
            await asyncio.to_thread(process.join)
        finally:
            process.kill()
            process.join()
        log.error("pulse_died", exit_code=process.exitcode)


def main(vitals: Vitals, url: str) -> None:
    os.setsid()  # what ends the worker's group must not silence the report of it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    worker = parent_process()
    assert worker is not None and worker.pid is not None  # noqa: S101, PT018 - main runs in a child only
    pulse = Pulse(vitals, url, psutil.Process(worker.pid))
    while not wait([worker.sentinel], BEAT_SECONDS):
        pulse.beat()
    pulse.report_death()


class Pulse:
    def __init__(self, vitals: Vitals, url: str, worker: psutil.Process) -> None:
        self._vitals, self._url, self._worker = vitals, url, worker
        self._conn: psycopg.Connection[tuple[object, ...]] | None = None

    def beat(self) -> None:
        """One sign of life, unless the worker is stopped; ends a worker that can no longer be trusted."""
        if self._is_stopped():
            return
        self._try_to_beat()
        if self._must_end():
            self._worker.kill()

    def report_death(self) -> None:
        """The worker is gone: takes it from the registry and gives its jobs back, if it can."""
        time.sleep(SECONDS_FOR_CHILDREN)
        statement = "delete from procrastinate_workers where id = %s returning id"
        if self._ask(statement, int(self._vitals["worker_id"])):
            self._ask("select job_id from rescue_jobs()")

    def _try_to_beat(self) -> None:
        worker_id, sent_at = int(self._vitals["worker_id"]), boot_time()
        running, memory = int(self._vitals["running"]), self._worker.memory_info().rss
        found = self._ask("select worker_beat(%s, %s, %s)", worker_id, running, memory)
        if found == [(True,)]:
            self._vitals["beaten_at"] = sent_at
        elif found == [(False,)]:
            self._vitals["dead_worker_id"] = worker_id

    def _must_end(self) -> bool:
        """Whether the worker is blocked and cannot keep a promise: a deadline, or to stop when alone."""
        now = boot_time()
        if now - self._vitals["ticked_at"] < BLOCKED_SECONDS:
            return False
        alone_for = now - self._vitals["beaten_at"] - ALONE_SECONDS
        return now > self._vitals["may_block_until"] or alone_for > SECONDS_TO_STOP

    def _is_stopped(self) -> bool:
        try:
            return self._worker.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    def _ask(self, statement: str, *values: object) -> list[tuple[object, ...]] | None:
        """The rows, or None while the database cannot be reached."""
        try:
            if self._conn is None:
                self._conn = psycopg.connect(
                    conninfo(self._url, "pulse"), autocommit=True, prepare_threshold=None
                )
            return self._conn.execute(statement, values).fetchall()
        except psycopg.Error:
            if self._conn is not None:
                self._conn.close()
            self._conn = None
            return None
