"""Where a scenario plays: a server, a migrated database of its own, workers, and the means to audit them."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from sqlalchemy.engine import make_url

from jobs.handler import Handler
from store.embedded import EmbeddedPostgres, throwaway_postgres
from store.migrations import migrate
from tests.chaos import evidence
from tests.chaos.auditor import COMPLETED, Finding, audit
from tests.chaos.coroner import Coroner
from tests.chaos.evidence import Conn
from tests.chaos.handlers import Params
from tests.chaos.journal import Event, Journal
from tests.chaos.load import Load, submit
from tests.chaos.patience import TookTooLong, until
from tests.chaos.verdict import Broken, Verdict
from tests.chaos.worker import Worker

# A commit that was confirmed must outlive a killed server; the disk itself does not fail here.
SERVER = {"synchronous_commit": "on", "max_connections": "200"}
GRACE_SECONDS = "5"


class Stage:
    """Workers and jobs on one database; made by `stage()`."""

    def __init__(self, url: str, folder: Path, server: EmbeddedPostgres | None = None) -> None:
        self.url, self.folder, self._server = url, folder, server
        self.journal = Journal(folder / "journal")
        self.journal.path.chmod(0o666)
        self.workers: list[Worker] = []
        self.expected: dict[int, frozenset[str]] = {}
        self._forgotten: set[int] = set()
        self._coroner = Coroner(self.journal)
        with self.connect() as conn:
            evidence.make_tables(conn)

    @property
    def server(self) -> EmbeddedPostgres:
        assert self._server is not None
        return self._server

    def connect(self) -> Conn:
        return psycopg.connect(self.url, autocommit=True)

    def rows(self, statement: LiteralString, *values: Any) -> list[Any]:
        """Runs the statement, or several if there are no values; what the last one gives."""
        with self.connect() as conn:
            done = conn.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def worker(
        self,
        *options: str,
        concurrency: int = 10,
        ready: bool = True,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Worker:
        """Starts one more worker, and waits until it takes jobs."""
        log = self.folder / f"worker-{len(self.workers) + 1}.log"
        at_once = str(concurrency)
        given = ("--concurrency", at_once, "--processes", at_once, "--grace", GRACE_SECONDS, *options)
        started = Worker(log, {**self.environment, **(environment or {})}, given, prefix)
        self.workers.append(started)
        if ready:
            started.wait_ready()
        return started

    def workers_at_once(self, count: int, *, concurrency: int) -> list[Worker]:
        """Several that start together, ready."""
        started = [self.worker(concurrency=concurrency, ready=False) for _ in range(count)]
        for worker in started:
            worker.wait_ready()
        return started

    def submit(
        self,
        handler: type[Handler[Any]],
        *params: Params,
        expected: frozenset[str] = COMPLETED,
    ) -> list[int]:
        """One job for each set of parameters; `expected` are the statuses it may end with."""
        ids = submit(self.url, handler, params or [Params()])
        self.expect(ids, expected)
        return ids

    def expect(self, ids: Sequence[int], statuses: frozenset[str] = COMPLETED) -> None:
        self.expected.update(dict.fromkeys(ids, statuses))

    def forget(self, ids: set[int]) -> None:
        """What their handlers have seen counts for nothing: they ran for a server that is gone."""
        self._forgotten |= ids

    def replace_server(self, other: EmbeddedPostgres) -> None:
        """Another one answers at the same address from now on."""
        self._server = other.start()

    def load(self, **options: Any) -> Load:
        return Load(self.url, **options)

    def wait_for(self, what: str, job_id: int, attempt: int | None = None, seconds: float = 30) -> Event:
        """The event, once the handler has noted it."""
        text = f"job {job_id} notes {what} of attempt {attempt or 'any'}"
        return until(text, seconds, lambda: self.journal.find(what, job_id, attempt))

    def worker_of(self, event: Event) -> Worker:
        """The worker in whose family it happened."""
        return next(worker for worker in self.workers if worker.is_alive() and worker.runs(event.pid))

    def settle(self, seconds: float = 60) -> float:
        """Waits until no job is pending or running, or time is up: the auditor tells. Gives the seconds."""
        began = time.monotonic()
        with self.connect() as conn, contextlib.suppress(TookTooLong):
            until("every job has ended", seconds, lambda: not _active(conn))
        return time.monotonic() - began

    def deaths(self) -> dict[int, float]:
        """Processes of handlers that are gone, and when they went."""
        return self._coroner.deaths()

    def judge(self, promise: str, measured: str, n: int, *, kept: bool, cleaned: bool = False) -> Verdict:
        """The verdict, with what the auditor finds once every worker is gone."""
        left = [process for worker in self.workers for process in worker.clear_away()]
        findings = self.audit(cleaned=cleaned)
        if left:
            measured, kept = f"{measured}; {len(left)} processes were left behind", False
        return Verdict(promise, measured, n, kept, len(self.expected), tuple(findings))

    def audit(self, *, cleaned: bool = False) -> list[Finding]:
        freezes = [freeze for worker in self.workers for freeze in worker.freezes]
        with self.connect() as conn:
            evidence.file_submitted(conn, self.expected)
            to_epoch = time.time() - time.monotonic()
            events = [event for event in self.journal.events() if event.job_id not in self._forgotten]
            evidence.file_witnesses(conn, events, self.deaths(), freezes, to_epoch)
            return audit(evidence.gather(conn), cleaned=cleaned)

    def close(self) -> None:
        for worker in self.workers:
            worker.clear_away()
        self._coroner.stop()
        if self._server is not None:
            self._server.stop()

    @property
    def environment(self) -> dict[str, str]:
        """For every process of the scenario."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "DATABASE_URL_DIRECT": "",
            "CHAOS_JOURNAL": str(self.journal.path),
            "ARTIFACTS": str(self.folder / "artifacts"),
            "WORKER_PRELOAD": "",
            "LOG_LEVEL": "INFO",
            "LOG_FORMAT": "json",
        }


@contextlib.contextmanager
def stage(
    settings: Mapping[str, str] | None = None,
    *,
    tablespace: Path | None = None,
    prepare: Callable[[str], object] = migrate,
) -> Iterator[Stage]:
    """A server for this scenario alone, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="matchday-chaos-"))
    folder.chmod(0o755)
    try:
        with throwaway_postgres({**SERVER, **(settings or {})}) as server:
            url = _make_database(server, tablespace)
            prepare(url)
            stage = Stage(url, folder, server)
            try:
                yield stage
            except TookTooLong as late:
                raise Broken(stage.judge("", str(late), 1, kept=False)) from late
            finally:
                stage.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(server: EmbeddedPostgres, tablespace: Path | None) -> str:
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("create database chaos")
        if tablespace is not None:
            conn.execute(psycopg.sql.SQL("create tablespace small location {}").format(str(tablespace)))
            conn.execute("alter database chaos set default_tablespace = small")
    return make_url(server.url).set(database="chaos").render_as_string(hide_password=False)


def _active(conn: Conn) -> bool:
    row = conn.execute(
        "select exists (select from job_queue where status in ('pending', 'running'))"
    ).fetchone()
    return bool(row and row[0])
