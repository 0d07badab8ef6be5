"""Runs one attempt of a job within its limits and decides, here only, how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from config.logs import log_about, log_as_before
from config.settings import Settings
from jobs.child import Order, describe, storable_result, trace_of
from jobs.deadlines import Deadlines
from jobs.handler import CancelRequested, Handler, Job, LostAttempt, Snooze
from jobs.outcome import COMPLETED, NO_HANDLER, NoHandler, RunEnd, RunFailed
from jobs.processes import Processes
from jobs.progress import Progress, ProgressBoard
from store.database import Database
from store.jsonb import storable_text

log = structlog.get_logger()

_Run = Callable[[type[Handler[Any]], "Attempt"], Awaitable[Any]]


@dataclass(eq=False, slots=True)
class Attempt:
    """One attempt as the queue handed it out."""

    job_id: int
    number: int
    params: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)  # the results of the steps before it
    failures: int = 0  # failed attempts before this one
    request_id: str | None = None  # of the HTTP request that asked for the job
    worker_id: int | None = None  # who holds it, where it is known
    is_cancelled: bool = False  # a user has asked for it
    has_reported: bool = False  # progress


class Supervisor:
    """The only runner of handlers: in the worker's loop, or in a child process."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        board: ProgressBoard,
        processes: Processes,
    ) -> None:
        self._database, self._settings, self._board = database, settings, board
        self._processes = processes
        self._deadlines = Deadlines()
        self._log = log.bind()  # the lazy one would be made anew for each line

    async def run(self, handler: type[Handler[Any]], attempt: Attempt) -> RunEnd | None:
        """How the attempt ended; None if it was lost, so that nothing may be written. Never raises.

        A cancel of its task meanwhile is the attempt's, and is taken back.
        """
        before = log_about(
            job_id=attempt.job_id,
            job_type=handler.job_type,
            attempt=attempt.number,
            request_id=attempt.request_id,
        )
        self._log.info("job_started")
        end = await self._end_of(handler, attempt)
        self._log_end(end)
        log_as_before(before)
        return end

    async def _end_of(self, handler: type[Handler[Any]], attempt: Attempt) -> RunEnd | None:
        failures = attempt.failures
        try:
            result = await self._within_limits(handler, attempt)
            return COMPLETED if result is None else RunEnd("completed", result=result)
        except (CancelRequested, LostAttempt, Snooze, NoHandler) as no_failure:
            return self._without_result(no_failure, handler, attempt)
        except asyncio.CancelledError as error:
            if _take_cancel_back():
                return _stopped(attempt)
            return _failed(handler, failures, _told(handler, error))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - all errors come here, a panic of native code too
            return _failed(handler, failures, _told(handler, error))

    def _without_result(self, why: Exception, handler: type[Handler[Any]], attempt: Attempt) -> RunEnd | None:
        match why:
            case CancelRequested():
                return RunEnd("cancelled")
            case Snooze():
                return RunEnd("snoozed", retry_in=why.seconds)
            case NoHandler():
                job_type = handler.job_type
                self._log.error("no_handler", job_type=job_type, error=str(why))
                self._report(attempt)(0, "", f"no handler for {job_type} in this worker: {why}")
                return NO_HANDLER
        return None  # lost

    async def _within_limits(self, handler: type[Handler[Any]], attempt: Attempt) -> Any:
        if not handler.own_process:
            return await self._before_deadline(handler, attempt, self._in_loop)
        async with self._processes.slot():  # waiting for a slot is not the handler's time
            return await self._before_deadline(handler, attempt, self._in_child)

    async def _before_deadline(self, handler: type[Handler[Any]], attempt: Attempt, run: _Run) -> Any:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._deadlines.begin(task, handler.timeout)
        try:
            return await run(handler, attempt)
        except asyncio.CancelledError:
            if self._deadlines.end(task) and not attempt.is_cancelled:
                _take_cancel_back()
                seconds = handler.timeout.total_seconds()
                raise RunFailed("timeout", f"ran longer than its limit of {seconds:g} seconds") from None
            raise
        finally:
            self._deadlines.end(task)

    async def _in_loop(self, handler: type[Handler[Any]], attempt: Attempt) -> Any:
        report = self._report(attempt)
        job = Job(
            attempt.job_id,
            attempt.number,
            self._database,
            self._settings,
            report,
            attempt.inputs,
            attempt.worker_id,
        )
        result = await handler().run(handler.params.model_validate(attempt.params), job)
        return storable_result(result)

    async def _in_child(self, handler: type[Handler[Any]], attempt: Attempt) -> Any:
        order = Order(
            handler.__module__,
            handler.job_type,
            attempt.job_id,
            attempt.number,
            attempt.params,
            attempt.inputs,
            attempt.request_id,
            attempt.worker_id,
            self._settings,
        )
        return await self._processes.run(order, self._report(attempt), handler.memory_mb)

    def _log_end(self, end: RunEnd | None) -> None:
        if end is None:
            self._log.warning("job_attempt_lost")
        elif end.outcome == "failed":
            tell = self._log.error if end.retry_in is None else self._log.warning
            tell("job_failed", kind=end.error_kind, error=end.error, retry_in=end.retry_in, trace=end.trace)
        else:
            self._log.info(f"job_{end.outcome}")

    def _report(self, attempt: Attempt) -> Callable[[float, str, str], None]:
        def report(fraction: float, step: str, message: str) -> None:
            attempt.has_reported = True
            progress = Progress(fraction, step, message, attempt.worker_id)
            self._board.report(attempt.job_id, attempt.number, progress)

        return report


def _stopped(attempt: Attempt) -> RunEnd:
    """Cancelled from outside: by a user, or because the worker stops."""
    return RunEnd("cancelled") if attempt.is_cancelled else RunEnd("interrupted", retry_in=0)


def _failed(handler: type[Handler[Any]], failures: int, failure: RunFailed) -> RunEnd:
    retry_in = None
    if failure.transient and failures < handler.retry.times:
        retry_in = handler.retry.seconds_after(failures + 1)
    return RunEnd(
        "failed",
        error_kind=failure.kind,
        error=storable_text(str(failure)),
        trace=failure.trace and storable_text(failure.trace),
        retry_in=retry_in,
    )


def _told(handler: type[Handler[Any]], error: BaseException) -> RunFailed:
    """The handler's own error, as the run's row will keep it; one that is told already stays as it is."""
    if isinstance(error, RunFailed):
        return error
    return RunFailed("error", describe(error), trace=trace_of(error), transient=handler.retry.allows(error))


def _take_cancel_back() -> bool:
    """Whether this task was asked to stop; if so, what it does next (write the end) is not cancelled too.

    A handler may also raise CancelledError by itself, for one by awaiting what somebody else has cancelled.
    """
    task = asyncio.current_task()
    asked = task is not None and task.cancelling() > 0
    while task is not None and task.uncancel() > 0:
        pass
    return asked
