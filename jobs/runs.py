"""What a worker holds: the jobs that run, and short ones taken ahead of a free slot."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from jobs.child import describe
from jobs.handler import Handler
from jobs.outcome import Ended, RunEnd
from jobs.progress import Progress, ProgressBoard
from jobs.queue import Taken
from jobs.room import Room
from jobs.supervisor import Attempt, Supervisor
from jobs.vitals import Vitals, boot_time

# What was taken ahead and could not begin by then goes back: long jobs have come between.
LONGEST_AHEAD_SECONDS = 0.1
# For a job type that this worker does not know: another release's, most likely.
UNKNOWN_TYPE_RETRY_SECONDS = 15.0
# How long after a job's deadline its handler may still block the loop before the worker is ended for it.
BLOCKING_GRACE_SECONDS = 10.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Run:
    taken: Taken
    attempt: Attempt
    taken_at: float
    task: "asyncio.Task[RunEnd | None] | None" = None
    begun_at: float = 0.0
    is_abandoned: bool = False


class Runs:
    """Begins jobs while there is a slot; `on_end` is told of every end that must be recorded."""

    def __init__(
        self,
        supervisor: Supervisor,
        board: ProgressBoard,
        handlers: Mapping[str, type[Handler[Any]]],
        room: Room,
        vitals: Vitals,
        on_end: Callable[[Ended], None],
    ) -> None:
        self._supervisor, self._board, self._handlers = supervisor, board, handlers
        self._room, self._vitals, self._on_end = room, vitals, on_end
        self._runs: dict[int, _Run] = {}
        self._ahead: deque[_Run] = deque()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def ahead(self) -> int:
        """How many have not begun."""
        return len(self._ahead)

    @property
    def held(self) -> list[tuple[int, int]]:
        """The (job, attempt) of each."""
        return [(run.taken.id, run.taken.attempt) for run in self._runs.values()]

    def accept(self, taken: Sequence[Taken]) -> None:
        """These are ours now: each begins as soon as there is a slot."""
        now = self._loop.time()
        for one in taken:
            if one.id in self._runs:  # an earlier attempt, which therefore was lost
                self._abandon(self._runs[one.id])
            run = self._runs[one.id] = _Run(one, _attempt(one), now)
            self._room.enter(one.queue)
            self._ahead.append(run)
        self._begin_ahead()
        if self._ahead:
            self._loop.call_later(LONGEST_AHEAD_SECONDS, self._release_stuck)

    def cancel(self, job_ids: Sequence[int]) -> None:
        """A user has cancelled these jobs: those that are here are stopped."""
        for job_id in job_ids:
            run = self._runs.get(job_id)
            if run is not None and not run.attempt.is_cancelled:
                run.attempt.is_cancelled = True
                self._stop(run)

    def stop_all(self) -> None:
        """Those that run end as interrupted."""
        for run in list(self._runs.values()):
            self._stop(run)

    async def abandon_all(self) -> None:
        """Stops everything, and says nothing of it."""
        for run in list(self._runs.values()):
            self._abandon(run)
        tasks = [run.task for run in self._runs.values() if run.task]
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # their callbacks

    def release_ahead(self) -> None:
        """What has not begun goes back as if it had never been taken."""
        while self._ahead:
            self._leave(self._ahead.popleft(), RunEnd("released", retry_in=0))

    def _release_stuck(self) -> None:
        if self._ahead and self._loop.time() - self._ahead[0].taken_at >= LONGEST_AHEAD_SECONDS:
            self.release_ahead()

    def _begin_ahead(self) -> None:
        while self._ahead and self._room.has_slot:
            self._begin(self._ahead.popleft())

    def _begin(self, run: _Run) -> None:
        handler = self._handlers.get(run.taken.job_type)
        if handler is None:
            self._refuse(run)
            return
        self._room.begin()
        run.begun_at = self._loop.time()
        run.task = self._loop.create_task(self._supervisor.run(handler, run.attempt))
        run.task.add_done_callback(partial(self._finished, run))
        self._board.changed(run.taken.id)
        if not handler.own_process:
            until = boot_time() + handler.timeout.total_seconds() + BLOCKING_GRACE_SECONDS
            self._vitals["may_block_until"] = max(until, self._vitals["may_block_until"])

    def _refuse(self, run: _Run) -> None:
        job_type = run.taken.job_type
        log.warning("no_handler", job_id=run.taken.id, job_type=job_type)
        note = Progress(0, "", f"no handler for {job_type} in this worker")
        self._leave(run, RunEnd("interrupted", retry_in=UNKNOWN_TYPE_RETRY_SECONDS), note)

    def _finished(self, run: _Run, task: "asyncio.Task[RunEnd | None]") -> None:
        self._room.end(self._loop.time() - run.begun_at)
        self._leave(run, _end_of(run, task))
        self._begin_ahead()

    def _leave(self, run: _Run, end: RunEnd | None, progress: Progress | None = None) -> None:
        """The run is over; its end, if it is ours to tell, is."""
        taken = run.taken
        if self._runs.get(taken.id) is run:
            del self._runs[taken.id]
        self._room.leave(taken.queue)
        progress = progress or self._board.take(taken.id, taken.attempt)
        self._board.changed(taken.id)
        if end is not None and not run.is_abandoned:
            self._on_end(Ended(taken.id, taken.attempt, end, progress))

    def _abandon(self, run: _Run) -> None:
        run.is_abandoned = True
        self._stop(run)

    def _stop(self, run: _Run) -> None:
        if run.task is not None:
            run.task.cancel()
        else:
            self._ahead.remove(run)
            self._leave(run, _not_begun(run))


def _attempt(taken: Taken) -> Attempt:
    """A job deferred by procrastinate's own tools may lack what our service adds."""
    args = taken.args
    params, inputs, meta = args.get("params") or {}, args.get("inputs") or {}, args.get("meta") or {}
    return Attempt(taken.id, taken.attempt, params, inputs, taken.failures, meta.get("request_id"))


def _end_of(run: _Run, task: "asyncio.Task[RunEnd | None]") -> RunEnd | None:
    if task.cancelled():  # before its first step
        return _not_begun(run)
    error = task.exception()
    if error is None:
        return task.result()
    log.error("supervisor_failed", job_id=run.taken.id, exc_info=error)
    return RunEnd("failed", error_kind="error", error=describe(error))


def _not_begun(run: _Run) -> RunEnd:
    return RunEnd("cancelled") if run.attempt.is_cancelled else RunEnd("released", retry_in=0)
