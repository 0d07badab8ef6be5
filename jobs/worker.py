"""The worker process: takes jobs from the queue and runs them until it is told to stop.

Run as `python -m jobs.worker`: children import this module again, so it and what it imports stay light.
"""

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

import structlog
import uvloop

from config.logs import configure_logs
from config.settings import Settings, SettingsError, load_settings, override, require_database
from jobs.child import describe
from jobs.engine import Engine
from jobs.handler import HANDLERS
from jobs.janitor import Janitor
from jobs.listener import Listener
from jobs.processes import Processes
from jobs.progress import ProgressBoard
from jobs.pulse import keep_pulse
from jobs.queue import Queue, QueueUnavailable, WorkerInfo
from jobs.retention import Retention
from jobs.room import Room
from jobs.supervisor import Supervisor
from jobs.vitals import SILENT_SECONDS, Vitals
from store.database import Database, DatabaseUnavailable
from store.migrations import MigrationError, migrate, missing_migrations

# Handlers that do not let themselves be stopped get this long after the grace; then the process ends anyway.
SECONDS_AFTER_GRACE = 10
SHORTEST_RECONNECT_WAIT = 0.5
LONGEST_RECONNECT_WAIT = 15.0

log = structlog.get_logger()


@dataclass(frozen=True)
class WorkerOptions:
    """Where a worker's job types are; `until_idle` stops it when the queue is empty."""

    handler_modules: tuple[str, ...] = ("handlers",)
    until_idle: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parse(arguments)
    try:
        settings = require_database(_with_options(load_settings(), given))
        configure_logs(settings, "worker")
        if given.migrate:
            migrate(settings.direct_url, log=lambda line: log.info("migration", text=line))
        options = WorkerOptions(tuple(given.handlers or ["handlers"]), given.until_idle)
        uvloop.run(work_until_told(settings, options))
    except (SettingsError, MigrationError) as error:
        sys.stderr.write(f"matchday worker: {error}\n")
        return 2
    return 0


async def work_until_told(settings: Settings, options: WorkerOptions) -> None:
    """Works until SIGTERM or SIGINT: running jobs get their grace. A second signal ends it at once."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(name: str) -> None:
        if told.is_set():
            os._exit(1)  # the children die with their worker, and their jobs are rescued
        log.info("worker_stopping", signal=name, grace_seconds=settings.worker_grace_seconds)
        told.set()
        loop.call_later(settings.worker_grace_seconds + SECONDS_AFTER_GRACE, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    await work(settings, options, told)


async def work(settings: Settings, options: WorkerOptions, told: asyncio.Event) -> None:
    """Works until `told`, or until the queue is empty; what runs on after its grace goes back."""
    _load(options.handler_modules)
    _greet(options.handler_modules, settings)
    vitals, info = Vitals(), _info(settings)
    database = Database(settings.database_url, process="worker", pool_size=settings.worker_concurrency + 1)
    board = ProgressBoard(database)
    has_children = any(handler.own_process for handler in HANDLERS.values())
    preload = (*options.handler_modules, *(settings.preload if has_children else ()))
    processes = Processes(settings.worker_processes, preload, vitals)
    await processes.warm_up()
    supervisor = Supervisor(database, settings, board, processes)
    queue = Queue(settings.database_url, info)
    room = Room(settings.worker_concurrency, settings.queues, _caps(settings))
    engine = Engine(queue, supervisor, board, HANDLERS, room, vitals, until_idle=options.until_idle)
    listener = Listener(
        database, settings.direct_url, settings.queues, vitals, engine.jobs_may_be_ready, engine.cancel
    )
    try:
        if not await _unless_told(told, _join(engine, database)):
            return
        _settle()
        log.info("worker_started", **{**vars(info), "queues": settings.worker_queues or "all"})
        async with _beside(
            keep_pulse(vitals, settings),
            board.run(),
            listener.run(),
            Janitor(database, settings.queues).run(),
            Retention(database, settings).run(),
        ):
            working = asyncio.create_task(engine.run())
            if not await _unless_told(told, working):
                engine.stop(settings.worker_grace_seconds)
            await working
            await board.flush()
            await engine.leave()
    finally:
        await queue.close()
        await database.close()
        log.info("worker_stopped")


def _settle() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


async def _join(engine: Engine, database: Database) -> None:
    """Enters the registry once the database is there. Raises MigrationError if its schema is old."""
    wait = SHORTEST_RECONNECT_WAIT
    while True:
        try:
            await _check_schema(database)
            await engine.register()
            return
        except (DatabaseUnavailable, QueueUnavailable) as error:
            log.error("worker_waits_for_database", error=str(error), retry_in_seconds=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_RECONNECT_WAIT)


async def _check_schema(database: Database) -> None:
    async with database.read() as conn:
        missing = await missing_migrations(conn)
    if missing:
        raise MigrationError(f"the database lacks {', '.join(missing)}: run `matchday migrate` first")


async def _unless_told(told: asyncio.Event, work: Awaitable[None]) -> bool:
    """Waits for the work or for being told to stop, whichever comes first; whether the work is done."""
    working, stopping = asyncio.ensure_future(work), asyncio.create_task(told.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if working.done():
        await working
        return True
    return False


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs what accompanies the engine for as long as the block."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _info(settings: Settings) -> WorkerInfo:
    host, pid = socket.gethostname(), os.getpid()
    return WorkerInfo(
        name=f"{host}:{pid}",
        host=host,
        pid=pid,
        version=version("matchday"),
        queues={queue: settings.queue_caps.get(queue) for queue in settings.queues},
        concurrency=settings.worker_concurrency,
        silent_seconds=SILENT_SECONDS,
    )


def _caps(settings: Settings) -> dict[str, int]:
    """The most jobs at once of single queues: as told; of process jobs only, as many as processes."""
    own_process: dict[str, bool] = {}
    for handler in HANDLERS.values():
        own_process[handler.queue] = own_process.get(handler.queue, True) and handler.own_process
    caps = {queue: settings.worker_processes for queue, always in own_process.items() if always}
    return caps | settings.queue_caps


def _load(modules: Sequence[str]) -> None:
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise SettingsError(_why_not(module, error)) from error
            raise SettingsError(f"there is no module {module} to take job types from") from None
        except Exception as error:
            raise SettingsError(_why_not(module, error)) from error


def _greet(modules: Sequence[str], settings: Settings) -> None:
    """Lets those that have something to say about a start of a worker say it: `worker_started(settings)`."""
    for module in modules:
        if told := getattr(sys.modules[module], "worker_started", None):
            told(settings)


def _why_not(module: str, error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"no job types from {module}: {describe(error)} ({place.filename}, line {place.lineno})"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="matchday worker", description="Take jobs from the queue and run them."
    )
    parser.add_argument(
        "--queues",
        help="comma-separated, each with a most at once if wanted: cpu=2,default; all queues if left out",
    )
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
