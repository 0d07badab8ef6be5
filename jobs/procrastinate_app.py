"""The jobs as procrastinate sees them: its command line, defer API and worker, on the same tables.

`procrastinate --app=jobs.procrastinate_app.app ...`. Our own worker is faster and needs none of this;
a procrastinate worker runs the jobs too, with a round trip for each.
"""

import math
from importlib import import_module
from typing import Any

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from config.settings import Settings, load_settings, require_database
from jobs.handler import HANDLERS, Handler
from jobs.outcome import Ended, RunEnd
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.supervisor import Attempt, Supervisor
from jobs.vitals import Vitals
from store.database import Database, conninfo
from store.jsonb import storable_json

HANDLER_MODULES = ("handlers",)


class RecordingManager(JobManager):
    """Ends a job as its supervisor has said; procrastinate's own judgement of the task is not asked."""

    def __init__(self, connector: PsycopgConnector) -> None:
        super().__init__(connector)
        self._ends: dict[int | None, Ended | None] = {}

    def record(self, job: Job, end: RunEnd | None, board: ProgressBoard) -> None:
        job_id, attempt = held(job)
        report = board.take(job_id, attempt)
        self._ends[job.id] = None if end is None else Ended(job_id, attempt, end, report)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        if job.id not in self._ends:  # a type without a task
            await super().finish_job(job, status, delete_job)
            return
        ended = self._ends.pop(job.id)
        if ended is not None:
            await self.connector.execute_query_all_async(
                "select * from end_runs('procrastinate', %(ends)s::jsonb)",
                ends=storable_json([ended.as_row()]),
            )


def create_app(settings: Settings) -> App:
    """procrastinate's App with one task for each job type."""
    for module in HANDLER_MODULES:
        import_module(module)
    connector = PsycopgConnector(
        conninfo=conninfo(settings.direct_url, "procrastinate"),
        configure=_autocommit,
        kwargs={"prepare_threshold": None},
    )
    app, manager = App(connector=connector), RecordingManager(connector)
    app.job_manager = manager
    vitals = Vitals()
    vitals["beaten_at"] = math.inf  # its own worker has a heartbeat of its own
    database = Database(settings.database_url, process="procrastinate")
    board = ProgressBoard(database)
    processes = Processes(settings.worker_processes, HANDLER_MODULES, vitals)
    supervisor = Supervisor(database, settings, board, processes)
    for handler in HANDLERS.values():
        _add_task(app, handler, supervisor, manager, board)
    return app


def _add_task(
    app: App,
    handler: type[Handler[Any]],
    supervisor: Supervisor,
    manager: RecordingManager,
    board: ProgressBoard,
) -> None:
    # The task never raises: procrastinate would judge the error itself, and judges differently (it fails a
    # cancelled job, and aborts an interrupted one for good).
    # A job deferred by procrastinate's own tools may lack what our service adds.
    async def task(
        context: JobContext,
        /,
        *,
        params: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        job_id, number = held(context.job)
        request_id = (meta or {}).get("request_id")
        attempt = Attempt(job_id, number, params or {}, inputs or {}, request_id=request_id)
        end = await supervisor.run(handler, attempt)
        if end is not None and end.outcome == "interrupted" and _is_cancelled(context):
            end = RunEnd("cancelled")
        manager.record(context.job, end, board)
        await board.flush()

    app.task(name=handler.job_type, queue=handler.queue, pass_context=True)(task)


def _is_cancelled(context: JobContext) -> bool:
    return context.abort_reason() is AbortReason.USER_REQUEST


def held(job: Job) -> tuple[int, int]:
    """The job's id and the attempt that was fetched: what fences every write."""
    assert job.id is not None  # noqa: S101 - a fetched job has an id
    return job.id, job.attempts + 1


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


def __getattr__(name: str) -> App:
    """`app` is made when procrastinate's command line asks for it."""
    if name != "app":
        raise AttributeError(name)
    return create_app(require_database(load_settings()))
