"""Child processes for handlers that compute: forked warm, limited in memory, killed as a group."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import psutil

from jobs.child import Order, main
from jobs.forkserver import FORKSERVER, Process
from jobs.handler import CancelRequested, LostAttempt, Report, Snooze
from jobs.outcome import NoHandler, RunFailed
from jobs.vitals import Vitals

# What a child needs, and what it would import again as the worker's main module.
ENGINE = ("jobs.child", "jobs.engine", "jobs.pulse", "store.migrations")
MEMORY_CHECK_SECONDS = 0.2
SECONDS_FOR_LAST_WORDS = 1.0
LONGEST_MESSAGE = 64_000_000

T = TypeVar("T")
InThread = Callable[..., Awaitable[Any]]


class Processes:
    """Runs handlers in children of one warm server, a limited number at a time."""

    def __init__(self, limit: int, preload: Sequence[str], vitals: Vitals) -> None:
        self._vitals = vitals
        self._slots = asyncio.Semaphore(limit)
        # Of our own: handlers may fill the loop's threads, and a child must be started, watched and reaped.
        self._threads = ThreadPoolExecutor(2 * limit + 1, thread_name_prefix="processes")
        FORKSERVER.set_forkserver_preload([*ENGINE, *preload, "jobs.warm"])

    async def warm_up(self) -> None:
        """Loads the heavy libraries before the first job, not during it."""
        first = FORKSERVER.Process(target=int)
        await self._in_thread(first.start)
        await self._in_thread(first.join)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place among the children that may run at once."""
        async with self._slots:
            yield

    async def run(self, order: Order, report: Report, memory_mb: int) -> Any:
        """The handler's result. Raises RunFailed, LostAttempt, CancelRequested; leaves no process behind."""
        incoming, outgoing = FORKSERVER.Pipe()
        child = FORKSERVER.Process(target=main, args=(outgoing, order, self._vitals), daemon=True)
        starting = self._in_thread(child.start)
        guard: MemoryGuard | None = None
        try:
            await asyncio.shield(starting)
            outgoing.close()
            guard = MemoryGuard(child, memory_mb, self._in_thread)
            async with _lines(incoming.fileno(), child.sentinel) as lines:
                ending = await _follow(lines, report)
            if ending is None:
                raise await guard.explain_death()
            return _result(ending)
        finally:
            # A child that is just being forked must not be forgotten, whatever cancels this.
            await asyncio.shield(self._clean_up(starting, child, guard))
            incoming.close()
            outgoing.close()

    def _in_thread(self, work: Callable[..., T], *values: Any) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *values)

    async def _clean_up(
        self, starting: "asyncio.Future[None]", child: Process, guard: "MemoryGuard | None"
    ) -> None:
        await asyncio.wait([starting])
        if guard:
            guard.stop()
        if starting.exception() is None:
            _kill(child)
            await self._in_thread(child.join)
            child.close()


class MemoryGuard:
    """Kills a child that uses more than its limit, counting only what is its own, not the warm server's."""

    def __init__(self, child: Process, limit_mb: int, in_thread: InThread) -> None:
        self._child, self._limit_mb, self._exceeded = child, limit_mb, False
        self._in_thread = in_thread
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        self._task.cancel()

    async def explain_death(self) -> RunFailed:
        """Why a child ended without an ending of its own."""
        await self._in_thread(self._child.join, 5)
        if self._exceeded:
            return RunFailed("memory", f"used more memory than its limit of {self._limit_mb} MB")
        code = self._child.exitcode
        if code is None:
            return RunFailed("crash", "the process stopped answering", transient=True)
        if code < 0:
            return RunFailed(
                "crash", f"the process was killed by {signal.Signals(-code).name}", transient=True
            )
        return RunFailed("crash", f"the process exited with code {code} without a result", transient=True)

    async def _watch(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._child.pid)
            limit = self._limit_mb * 1_000_000
            while await self._in_thread(_own_bytes, process) <= limit:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(MEMORY_CHECK_SECONDS)
            self._exceeded = True
            _kill(self._child)


def _own_bytes(process: psutil.Process) -> int:
    """The unique resident size of the process and its helpers."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += member.memory_full_info().uss
    return total


@asynccontextmanager
async def _lines(descriptor: int, sentinel: int) -> AsyncIterator[asyncio.StreamReader]:
    """What the child says, until it closes its end or is gone: a helper of its own may hold the pipe open."""
    loop = asyncio.get_running_loop()
    # A socket: of any other file uvloop closes the descriptor twice, and the second time it may be another's.
    pipe = socket.socket(fileno=os.dup(descriptor))
    reader, writer = await asyncio.open_connection(sock=pipe, limit=LONGEST_MESSAGE)

    def end_soon() -> None:
        loop.remove_reader(sentinel)
        loop.call_later(SECONDS_FOR_LAST_WORDS, reader.feed_eof)

    loop.add_reader(sentinel, end_soon)
    try:
        yield reader
    finally:
        loop.remove_reader(sentinel)
        writer.close()


async def _follow(lines: asyncio.StreamReader, report: Report) -> dict[str, Any] | None:
    """Passes progress on until the message that ends the run; None if the child died before it."""
    while line := await lines.readline():
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        if "progress" not in message:
            return message
        report(*message["progress"])
    return None


def _result(ending: dict[str, Any]) -> Any:
    match ending:
        case {"result": result}:
            return result
        case {"lost": True}:
            raise LostAttempt("told by the child")
        case {"cancelled": True}:
            raise CancelRequested("told by the child")
        case {"no_handler": reason}:
            raise NoHandler(reason)
        case {"snooze": seconds}:
            raise Snooze(timedelta(seconds=seconds))
    raise RunFailed("error", ending["error"], trace=ending["trace"], transient=ending["transient"])


def _kill(child: Process) -> None:
    """The group first; then the child itself, which may have died before it had a group."""
    if child.pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
