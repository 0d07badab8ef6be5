"""What a worker holds: the jobs that run, and short ones taken ahead of a free slot."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import structlog

from jobs.child import describe
from jobs.handler import Handler
from jobs.outcome import NO_HANDLER, RELEASED, Ended, RunEnd
from jobs.progress import Progress, ProgressBoard
from jobs.queue import Taken
from jobs.room import Room
from jobs.supervisor import Attempt, Supervisor
from jobs.vitals import SECONDS_TO_STOP, Vitals, boot_time

# What was taken ahead and could not begin by then goes back: long jobs have come between.
LONGEST_AHEAD_SECONDS = 0.1
# Jobs that never wait for anything let the rest of the worker have a turn after this time.
LONGEST_TURN_SECONDS = 0.002
# How long after a job's deadline its handler may still block the loop before the worker is ended for it.
BLOCKING_GRACE_SECONDS = 10.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Run:
    taken: Taken
    attempt: Attempt
    taken_at: float
    slot: "asyncio.Task[None] | None" = None  # once it has begun
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
        self._context = copy_context()
        self._may_block_until = 0.0

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
            self._abandon_earlier(one.id)
            if one.id in self._runs:
                # It is still stopping. After a failover both have one number, and its late words would count.
                self._on_end(Ended(one.id, one.attempt, RunEnd("interrupted", retry_in=SECONDS_TO_STOP)))
                continue
            run = self._runs[one.id] = _Run(one, _attempt(one, int(self._vitals["worker_id"])), now)
            self._room.enter(one.queue)
            self._ahead.append(run)
        self._begin_ahead()
        if self._ahead:
            self._loop.call_later(LONGEST_AHEAD_SECONDS, self._release_stuck)

    def hand_back(self, taken: Sequence[Taken]) -> None:
        """These were taken too late to begin."""
        for one in taken:
            self._abandon_earlier(one.id)
            self._on_end(Ended(one.id, one.attempt, RELEASED, has_reported=False))

    def cancel(self, job_ids: Sequence[int]) -> None:
        """A user has cancelled these jobs: those that are here are stopped."""
        for job_id in job_ids:
            run = self._runs.get(job_id)
            if run is not None and not run.attempt.is_cancelled:
                run.attempt.is_cancelled = True
                self._stop(run)

    def abandon(self, attempts: Sequence[tuple[int, int]]) -> None:
        """Stops these (job, attempt), if they are here, and says nothing of their end: they are others'."""
        for job_id, attempt in attempts:
            run = self._runs.get(job_id)
            if run is not None and run.taken.attempt == attempt:
                self._abandon(run)

    def _abandon_earlier(self, job_id: int) -> None:
        """Who gets a job again has lost the attempt before."""
        if job_id in self._runs:
            self._abandon(self._runs[job_id])

    def stop_all(self) -> None:
        """Those that run end as interrupted."""
        for run in list(self._runs.values()):
            self._stop(run)

    async def abandon_all(self) -> None:
        """Stops everything, and says nothing of it. What does not stop in time ends the worker."""
        for run in list(self._runs.values()):
            self._abandon(run)
        slots = [run.slot for run in self._runs.values() if run.slot]
        if slots and (await asyncio.wait(slots, timeout=SECONDS_TO_STOP))[1]:
            # Others may take these jobs from now on, and nothing else stops a handler in this process.
            log.critical("worker_ends_itself", reason="jobs went on when told to stop", jobs=list(self._runs))
            os._exit(1)

    def release_ahead(self) -> None:
        """What has not begun goes back as if it had never been taken."""
        while self._ahead:
            self._leave(self._ahead.popleft(), RELEASED)

    def _release_stuck(self) -> None:
        if self._ahead and self._loop.time() - self._ahead[0].taken_at >= LONGEST_AHEAD_SECONDS:
            self._room.is_stuck()
            self.release_ahead()

    def _begin_ahead(self) -> None:
        while self._ahead and self._room.has_slot:
            self._room.begin()
            # In our own context, not in that of the job that may just have ended.
            slot = self._fill_slot(self._ahead.popleft())
            self._loop.create_task(slot, context=self._context.copy())

    async def _fill_slot(self, run: _Run | None) -> None:
        """Runs one job after the other in this task: a task for each would cost more than a short job does.

        A job that leaves something behind in the task, a cancel or a context variable, is its last.
        """
        slot = asyncio.current_task()
        assert slot is not None  # noqa: S101 - a coroutine runs in a task
        began_at = yielded_at = self._loop.time()
        try:
            while run is not None:
                await self._run(run, slot)
                now = self._loop.time()
                self._room.took(now - began_at)
                if slot.cancelling() or copy_context() != self._context:
                    break
                if now - yielded_at > LONGEST_TURN_SECONDS:
                    await asyncio.sleep(0)
                    yielded_at = now = self._loop.time()
                began_at = now
                run = self._ahead.popleft() if self._ahead else None
        finally:
            self._room.end()
            self._begin_ahead()

    async def _run(self, run: _Run, slot: "asyncio.Task[None]") -> None:
        taken = run.taken
        if self._runs.get(taken.id) is not run:  # stopped before it could begin
            return
        handler = self._handlers.get(taken.job_type)
        if handler is None:
            self._refuse(run)
            return
        run.slot = slot
        self._board.changed(taken.id)
        if not handler.own_process:
            self._may_block(handler.timeout.total_seconds())
        try:
            end = await self._supervisor.run(handler, run.attempt)
        except Exception as error:
            log.exception("supervisor_failed", job_id=taken.id)
            end = RunEnd("failed", error_kind="error", error=describe(error))
        self._leave(run, end)

    def _may_block(self, seconds: float) -> None:
        """Tells the pulse until when the loop may be blocked; not for every job anew."""
        until = self._loop.time() + seconds
        if until > self._may_block_until:
            self._may_block_until = until + 1
            self._vitals["may_block_until"] = boot_time() + seconds + 1 + BLOCKING_GRACE_SECONDS

    def _refuse(self, run: _Run) -> None:
        job_type = run.taken.job_type
        log.warning("no_handler", job_id=run.taken.id, job_type=job_type)
        self._leave(run, NO_HANDLER, Progress(0, "", f"no handler for {job_type} in this worker"))

    def _leave(self, run: _Run, end: RunEnd | None, progress: Progress | None = None) -> None:
        """The run is over; its end, if it is ours to tell, is."""
        taken = run.taken
        if self._runs.get(taken.id) is run:
            del self._runs[taken.id]
        self._room.leave(taken.queue)
        progress = progress or self._board.take(taken.id, taken.attempt)
        if end is not None and not run.is_abandoned:
            has_reported = run.attempt.has_reported or progress is not None
            self._on_end(Ended(taken.id, taken.attempt, end, progress, has_reported))

    def _abandon(self, run: _Run) -> None:
        run.is_abandoned = True
        self._stop(run)

    def _stop(self, run: _Run) -> None:
        if run.slot is not None:
            run.slot.cancel()
            return
        with contextlib.suppress(ValueError):  # its slot may be about to begin it
            self._ahead.remove(run)
        self._leave(run, RunEnd("cancelled") if run.attempt.is_cancelled else RELEASED)


def _attempt(taken: Taken, worker_id: int) -> Attempt:
    """A job deferred by procrastinate's own tools may lack what our service adds."""
    args = taken.args
    params, inputs, meta = args.get("params") or {}, args.get("inputs") or {}, args.get("meta") or {}
    request_id = meta.get("request_id")
    return Attempt(taken.id, taken.attempt, params, inputs, taken.failures, request_id, worker_id)
