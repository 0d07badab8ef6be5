"""Our use of procrastinate: its App and tasks, with runs that are opened and ended by whoever holds them."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg.types.json import Jsonb

from jobs.handler import Handler, LostAttempt
from jobs.outcome import RunEnd, RunNotOpened
from jobs.progress import Progress, ProgressBoard
from jobs.supervisor import Attempt, Supervisor
from store.database import conninfo
from store.jsonb import storable_json, storable_text
from store.queries import query_text

# An end is written again for about half a minute; then the worker is lost with its database.
FINISH_WAITS = (0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0)
# A worker that is told to stop must not wait long for a database that is away.
POOL_SECONDS = 5.0
CONNECTION_LOST = (psycopg.OperationalError, psycopg.InterfaceError)

log = structlog.get_logger()


class FencedManager(JobManager):
    """Opens a run and ends it together with its job, and only for the attempt that still holds the job."""

    def __init__(self, connector: PsycopgConnector, worker: str, board: ProgressBoard) -> None:
        super().__init__(connector)
        self._worker, self._board = worker, board
        self._ends: dict[tuple[int, int], RunEnd | None] = {}

    async def open_run(self, job: Job) -> int:
        """The number of failed runs before this one. Raises LostAttempt, RunNotOpened."""
        job_id, attempt = _held(job)
        try:
            row = await self.connector.execute_query_one_async(
                query_text("open_run"), job=job_id, attempt=attempt, worker=self._worker
            )
        except ConnectorException as error:
            raise RunNotOpened(_cause(error)) from error
        failures: int | None = row["failures"]
        if failures is None:
            raise LostAttempt(f"job {job_id}: attempt {attempt} no longer holds it")
        self._board.changed(job_id)
        return failures

    def record_end(self, job: Job, end: RunEnd | None) -> None:
        """Keeps how the attempt ended until procrastinate asks to finish its job."""
        self._ends[_held(job)] = end

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: ARG002
        """Writes the recorded end; procrastinate's `status` says only that the task returned."""
        job_id, attempt = _held(job)
        # Only a job whose type has no task comes here without an end.
        unknown = RunEnd("failed", error_kind="error", error=f"no handler here for job type {job.task_name}")
        end = self._ends.pop((job_id, attempt), unknown)
        if end is None:
            return
        if await self._write_end(job, end) is None:
            log.warning("job_attempt_lost", job_id=job_id, attempt=attempt)
        self._board.changed(job_id)

    async def _write_end(self, job: Job, end: RunEnd) -> str | None:
        """The job's new status; None if the attempt was lost. Tries again while the database is away."""
        progress = self._board.take(*_held(job))
        for wait in (*FINISH_WAITS, None):
            try:
                return await self._end_run(job, end, progress)
            except ConnectorException as error:
                log.warning("job_end_not_written", job_id=job.id, error=_cause(error), retry_in_seconds=wait)
                if not isinstance(error.__cause__, CONNECTION_LOST):
                    # What the handler left cannot be stored: the job must not stay running for that.
                    refused = f"its end could not be stored: {_cause(error)}"
                    return await self._end_run(job, RunEnd("failed", error_kind="error", error=refused), None)
                if wait is None:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _end_run(self, job: Job, end: RunEnd, progress: Progress | None) -> str | None:
        job_id, attempt = _held(job)
        row = await self.connector.execute_query_one_async(
            query_text("end_run"),
            job=job_id,
            attempt=attempt,
            worker=self._worker,
            outcome=end.outcome,
            retry_at=end.retry_at,
            result=None if end.result is None else Jsonb(end.result, dumps=storable_json),
            error_kind=end.error_kind,
            error=end.error and storable_text(end.error),
            trace=end.trace and storable_text(end.trace),
            progress=progress and progress.fraction,
            step=progress and storable_text(progress.step),
            message=progress and storable_text(progress.message),
        )
        status: str | None = row["status"]
        return status


def _held(job: Job) -> tuple[int, int]:
    """The job's id and the attempt that was fetched: what fences every write."""
    assert job.id is not None  # noqa: S101 - a fetched job has an id
    return job.id, job.attempts + 1


def _cause(error: ConnectorException) -> str:
    """procrastinate's own text is only that there was an error."""
    return " ".join(str(error.__cause__ or error).split())


def build_app(
    url: str,
    worker: str,
    handlers: Iterable[type[Handler[Any]]],
    supervisor: Supervisor,
    board: ProgressBoard,
) -> App:
    """procrastinate's App with one task per job type, each run by the supervisor."""
    connector = PsycopgConnector(
        conninfo=conninfo(url, "worker"),
        configure=_autocommit,
        kwargs={"prepare_threshold": None},
        timeout=POOL_SECONDS,
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
        job_id, number = _held(context.job)
        attempt = Attempt(
            job_id=job_id,
            number=number,
            params=params or {},
            request_id=(meta or {}).get("request_id"),
            open=partial(manager.open_run, context.job),
            is_cancelled=lambda: context.abort_reason() is AbortReason.USER_REQUEST,
        )
        manager.record_end(context.job, await supervisor.run(handler, attempt))

    app.task(name=handler.job_type, queue=handler.queue, pass_context=True)(task)


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
