"""The worker process: takes jobs from the queue and runs them until it is told to stop.

Run as `python -m jobs.worker`: children import this module again, so it and what it imports stay light.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from config.logs import configure_logs
from config.settings import Settings, SettingsError, load_settings, override, require_database
from jobs.handler import HANDLERS
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.queue import build_app
from jobs.supervisor import Supervisor
from store.database import Database, DatabaseUnavailable
from store.migrations import MigrationError, migrate, missing_migrations

# Handlers that do not let themselves be stopped get this long after the grace; then the process ends anyway.
SECONDS_AFTER_GRACE = 10
SHORTEST_RECONNECT_WAIT = 0.5
LONGEST_RECONNECT_WAIT = 15.0

log = structlog.get_logger()


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker works on; `until_idle` stops it when the queue is empty."""

    queues: tuple[str, ...] = ()
    handler_modules: tuple[str, ...] = ("handlers",)
    until_idle: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    try:
        settings = require_database(_with_options(load_settings(), given))
        configure_logs(settings, "worker")
        if given.migrate:
            migrate(settings.direct_url, log=lambda line: log.info("migration", text=line))
        options = WorkerOptions(settings.queues, tuple(given.handlers or ["handlers"]), given.until_idle)
        asyncio.run(work_until_told(settings, options))
    except (SettingsError, MigrationError) as error:
        sys.stderr.write(f"matchday worker: {error}\n")
        return 2
    return 0


async def work_until_told(settings: Settings, options: WorkerOptions) -> None:
    """Works until SIGTERM or SIGINT; a second signal ends the process at once."""
    working = asyncio.create_task(work(settings, options))
    loop = asyncio.get_running_loop()

    def stop(name: str) -> None:
        if working.cancelling():
            os._exit(1)  # the children die with their worker, and their jobs are rescued
        log.info("worker_stopping", signal=name, grace_seconds=settings.worker_grace_seconds)
        working.cancel()
        loop.call_later(settings.worker_grace_seconds + SECONDS_AFTER_GRACE, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def work(settings: Settings, options: WorkerOptions) -> None:
    """Works until it is cancelled: running jobs then get their grace; what is left goes back to its queue."""
    _load(options.handler_modules)
    database = Database(settings.database_url, process="worker", pool_size=settings.worker_concurrency + 1)
    board = ProgressBoard(database)
    processes = Processes(settings.worker_processes, (*options.handler_modules, *settings.preload))
    if any(handler.own_process for handler in HANDLERS.values()):
        await processes.warm_up()
    supervisor = Supervisor(database, settings, board, processes, options.handler_modules)
    name = f"{socket.gethostname()}:{os.getpid()}"
    app = build_app(settings.direct_url, name, HANDLERS.values(), supervisor, board)
    writing = asyncio.create_task(board.run())
    try:
        await _run_through_outages(app, database, settings, options, name)
    finally:
        writing.cancel()
        await board.flush()
        await database.close()
        log.info("worker_stopped")


async def _run_through_outages(
    app: App, database: Database, settings: Settings, options: WorkerOptions, name: str
) -> None:
    """procrastinate's worker ends when its database goes away: it is started again until told to stop."""
    wait = SHORTEST_RECONNECT_WAIT
    while True:
        started_at = time.monotonic()
        try:
            await _check_schema(database)
            await _run_once(app, settings, options, name)
        except (ConnectorException, DatabaseUnavailable) as error:
            log.error("worker_lost_database", error=str(error.__cause__ or error), retry_in_seconds=wait)
        task = asyncio.current_task()
        if options.until_idle or (task is not None and task.cancelling()):
            return
        if time.monotonic() - started_at > LONGEST_RECONNECT_WAIT:
            wait = SHORTEST_RECONNECT_WAIT
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_RECONNECT_WAIT)


async def _check_schema(database: Database) -> None:
    async with database.read() as conn:
        missing = await missing_migrations(conn)
    if missing:
        raise MigrationError(f"the database lacks {', '.join(missing)}: run `matchday migrate` first")


async def _run_once(app: App, settings: Settings, options: WorkerOptions, name: str) -> None:
    queues: dict[str, Any] = {"queues": options.queues} if options.queues else {}
    async with app.open_async():
        log.info("worker_started", queues=options.queues or "all", jobs_at_once=settings.worker_concurrency)
        await app.run_worker_async(
            **queues,
            name=name,
            concurrency=settings.worker_concurrency,
            wait=not options.until_idle,
            fetch_job_polling_interval=1,
            abort_job_polling_interval=1,
            shutdown_graceful_timeout=settings.worker_grace_seconds,
            install_signal_handlers=False,
        )


def _load(modules: Sequence[str]) -> None:
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise SettingsError(f"there is no module {module} to take job types from") from None


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="matchday worker", description=__doc__)
    parser.add_argument("--queues", help="comma-separated; all queues if left out")
    parser.add_argument("--concurrency", type=int, help="jobs at once")
    parser.add_argument("--processes", type=int, help="child processes at once")
    parser.add_argument("--grace", type=float, help="seconds that running jobs get after SIGTERM")
    parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")
    parser.add_argument("--until-idle", action="store_true", help="stop when the queue is empty")
    parser.add_argument("--handlers", action="append", metavar="MODULE", help="where the job types are")
    return parser.parse_args(arguments)


def _with_options(settings: Settings, given: argparse.Namespace) -> Settings:
    """The command line wins over the environment, and is validated as strictly."""
    chosen = {
        "worker_queues": given.queues,
        "worker_concurrency": given.concurrency,
        "worker_processes": given.processes,
        "worker_grace_seconds": given.grace,
    }
    return override(settings, {name: value for name, value in chosen.items() if value is not None})


if __name__ == "__main__":
    sys.exit(main())
