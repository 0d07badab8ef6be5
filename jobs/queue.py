"""Our use of procrastinate: its App and tasks, with runs that are opened and ended by whoever holds them."""

import asyncio
from collections.abc import Iterable
from typing import Any

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg.types.json import Jsonb

from jobs.handler import Handler
from jobs.outcome import RunEnd
from jobs.progress import ProgressBoard
from jobs.supervisor import Attempt, Supervisor
from store.database import conninfo
from store.jsonb import storable_json, storable_text
from store.queries import query_text

# An end is written again for about half a minute; then the worker is lost with its database.
FINISH_TRIES = 8

log = structlog.get_logger()


class FencedManager(JobManager):
    """Opens a run and ends it together with its job, and only for the attempt that still holds the job."""

    def __init__(self, connector: PsycopgConnector, worker: str, board: ProgressBoard) -> None:
        super().__init__(connector)
        self._worker, self._board = worker, board
        self._ends: dict[int, RunEnd | None] = {}

    async def open_run(self, job: Job) -> int | None:
        """The number of failed runs before this one; None if the attempt is already lost."""
        row = await self.connector.execute_query_one_async(
            query_text("open_run"), job=job.id, attempt=job.attempts + 1, worker=self._worker
        )
        assert job.id is not None  # noqa: S101 - a fetched job has an id
        self._board.changed(job.id)
        failures: int | None = row["failures"]
        return failures

    def record_end(self, job: Job, end: RunEnd | None) -> None:
        """Keeps how the attempt ended until procrastinate asks to finish its job."""
        assert job.id is not None  # noqa: S101 - a fetched job has an id
        self._ends[job.id] = end

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002
        """Writes the recorded end; procrastinate's `status` says only that the task returned."""
        assert job.id is not None  # noqa: S101 - a fetched job has an id
        unknown = RunEnd("failed", error_kind="error", error=f"no handler here for job type {job.task_name}")
        end = self._ends.pop(job.id, unknown)
        if end is None:
            return
        written = await self._write_end(job, end)
        self._board.changed(job.id)
        if written is None:
            log.warning("job_attempt_lost", job_id=job.id, attempt=job.attempts + 1)

    async def _write_end(self, job: Job, end: RunEnd) -> str | None:
        arguments = self._arguments(job, end)
        for tries in range(1, FINISH_TRIES + 1):
            try:
                row = await self.connector.execute_query_one_async(query_text("end_run"), **arguments)
            except ConnectorException as error:
                if tries == FINISH_TRIES:
                    raise
                log.warning("job_end_not_written", job_id=job.id, tries=tries, error=str(error))
                await asyncio.sleep(0.25 * 2**tries)
            else:
                status: str | None = row["status"]
                return status
        raise AssertionError("unreachable")

    def _arguments(self, job: Job, end: RunEnd) -> dict[str, Any]:
        assert job.id is not None  # noqa: S101 - a fetched job has an id
        attempt = job.attempts + 1
        progress = self._board.take(job.id, attempt)
        return {
            "job": job.id,
            "attempt": attempt,
            "worker": self._worker,
            "outcome": end.outcome,
            "retry_at": end.retry_at,
            "result": None if end.result is None else Jsonb(end.result, dumps=storable_json),
            "error_kind": end.error_kind,
            "error": end.error and storable_text(end.error),
            "trace": end.trace and storable_text(end.trace),
            "progress": progress and progress.fraction,
            "step": progress and storable_text(progress.step),
            "message": progress and storable_text(progress.message),
        }


def build_app(
    url: str,
    worker: str,
    handlers: Iterable[type[Handler[Any]]],
    supervisor: Supervisor,
    board: ProgressBoard,
) -> App:
    """procrastinate's App with one task per job type, each run by the supervisor."""
    connector = PsycopgConnector(
        conninfo=conninfo(url, "worker"), configure=_autocommit, kwargs={"prepare_threshold": None}
    )
    app, manager = App(connector=connector), FencedManager(connector, worker, board)
    app.job_manager = manager
    for handler in handlers:
        _add_task(app, handler, supervisor, manager)
    return app


def _add_task(app: App, handler: type[Handler[Any]], supervisor: Supervisor, manager: FencedManager) -> None:
    # The task never raises: procrastinate would judge the error itself, and judges differently (it fails a
    # cancelled job, and aborts an interrupted one for good).
    # A job deferred by procrastinate's own tools may lack what our service adds.
    async def task(
        context: JobContext, /, *, params: dict[str, Any] | None = None, meta: dict[str, Any] | None = None
    ) -> None:
        job = context.job
        failures = await manager.open_run(job)
        if failures is None:
            manager.record_end(job, None)
            return
        assert job.id is not None  # noqa: S101 - a fetched job has an id
        attempt = Attempt(
            job_id=job.id,
            number=job.attempts + 1,
            failures=failures,
            params=params or {},
            request_id=(meta or {}).get("request_id"),
            is_cancelled=lambda: context.abort_reason() is AbortReason.USER_REQUEST,
        )
        manager.record_end(job, await supervisor.run(handler, attempt))

    app.task(name=handler.job_type, queue=handler.queue, pass_context=True)(task)


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
