"""The worker's sign of life, from a process of its own: a handler that blocks must not look like death.

It outlives the worker for a moment, to say at once that it has died.
"""

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait

import psutil
import psycopg
import structlog

from config.logs import configure_logs
from config.settings import Settings
from jobs.forkserver import FORKSERVER
from jobs.vitals import ALONE_SECONDS, SECONDS_TO_STOP, Vitals, boot_time
from store.database import NOTICE_A_LOST_CLIENT, conninfo

BEAT_SECONDS = 2.0
# The children of a killed worker die with it; their jobs are given to others once they surely have.
SECONDS_FOR_CHILDREN = 0.5
LOOK_SECONDS = 0.5
# After a longer time between two looks the pulse itself was stopped, and with it maybe the worker.
LONGEST_LOOK_SECONDS = 2.0
# A loop that does not tick for this long, while its process could, is blocked.
BLOCKED_SECONDS = 5.0

log = structlog.get_logger()


async def keep_pulse(vitals: Vitals, settings: Settings) -> None:
    """Runs the pulse in a process of its own until it is cancelled; one that died is replaced."""
    while True:
        process = FORKSERVER.Process(target=main, args=(vitals, settings), name="pulse", daemon=True)
        await asyncio.to_thread(process.start)
        try:
            await asyncio.to_thread(process.join)
        finally:
            process.kill()
            process.join()
        log.error("pulse_died", exit_code=process.exitcode)


def main(vitals: Vitals, settings: Settings) -> None:
    os.setsid()  # what ends the worker's group must not silence the report of it
    configure_logs(settings, "pulse")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    worker = parent_process()
    assert worker is not None and worker.pid is not None  # noqa: S101, PT018 - main runs in a child only
    process = psutil.Process(worker.pid)
    # In a thread of its own: a beat may hang in the network for longer than the worker may go on.
    threading.Thread(target=_watch, args=(vitals, process), daemon=True).start()
    pulse = Pulse(vitals, settings.database_url, process)
    while not wait([worker.sentinel], BEAT_SECONDS):
        with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
            pulse.beat()
    pulse.report_death()


class Watch:
    """Tells when the worker can no longer be trusted: it is blocked, and should have stopped a job."""

    def __init__(self, vitals: Vitals, worker: psutil.Process, now: float) -> None:
        self._vitals, self._worker = vitals, worker
        self._looked_at = self._awake_since = now

    def must_end(self, now: float) -> bool:
        """Whether it is blocked past a deadline, or past the time to stop its jobs when it is alone.

        One that was stopped, maybe with its pulse, could not tick: its time begins when it goes on.
        """
        if is_stopped(self._worker) or now - self._looked_at > LONGEST_LOOK_SECONDS:
            self._awake_since = now
        self._looked_at = now
        if now - max(self._vitals["ticked_at"], self._awake_since) < BLOCKED_SECONDS:
            return False
        alone_for = now - self._vitals["beaten_at"] - ALONE_SECONDS
        return now > self._vitals["may_block_until"] or alone_for > SECONDS_TO_STOP


def _watch(vitals: Vitals, worker: psutil.Process) -> None:
    watch = Watch(vitals, worker, boot_time())
    while not watch.must_end(boot_time()):
        time.sleep(LOOK_SECONDS)
    log.critical("worker_killed", worker=worker.pid, reason="blocked, and should have stopped its jobs")
    worker.kill()


def is_stopped(process: psutil.Process) -> bool:
    """By a signal, for now or for ever."""
    try:
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class Pulse:
    def __init__(self, vitals: Vitals, url: str, worker: psutil.Process) -> None:
        self._vitals, self._url, self._worker = vitals, url, worker
        self._conn: psycopg.Connection[tuple[object, ...]] | None = None

    def beat(self) -> None:
        """One sign of life, unless the worker is stopped."""
        if is_stopped(self._worker):
            return
        worker_id, sent_at = int(self._vitals["worker_id"]), boot_time()
        values = (int(self._vitals["running"]), self._worker.memory_info().rss, bool(self._vitals["polls"]))
        found = self._ask("select worker_beat(%s, %s, %s, %s)", worker_id, *values)
        if found == [(True,)]:
            self._vitals["beaten_at"] = sent_at
        elif found == [(False,)]:
            self._vitals["dead_worker_id"] = worker_id

    def report_death(self) -> None:
        """The worker is gone: takes it from the registry and gives its jobs back, if it can."""
        time.sleep(SECONDS_FOR_CHILDREN)
        statement = "delete from procrastinate_workers where id = %s returning id"
        if self._ask(statement, int(self._vitals["worker_id"])):
            self._ask("select job_id from rescue_jobs()")

    def _ask(self, statement: str, *values: object) -> list[tuple[object, ...]] | None:
        """The rows, or None while the database cannot be reached."""
        try:
            if self._conn is None:
                self._conn = psycopg.connect(
                    conninfo(self._url, "pulse"), autocommit=True, prepare_threshold=None
                )
                self._conn.execute(NOTICE_A_LOST_CLIENT)
            return self._conn.execute(statement, values).fetchall()
        except psycopg.Error:
            if self._conn is not None:
                self._conn.close()
            self._conn = None
            return None
