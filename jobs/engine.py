"""The worker's loop: takes jobs while there is room, runs them, and records how they ended, many in one round trip."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from jobs.handler import Handler
from jobs.outcome import Ended, RunEnd
from jobs.progress import Progress, ProgressBoard
from jobs.queue import NOTHING, DeclaredDead, EndRefused, Queue, QueueUnavailable, Taken
from jobs.room import Room
from jobs.supervisor import Attempt, Supervisor
from jobs.vitals import Vitals, boot_time

# An end waits this long for company, unless so many have gathered.
LINGER_SECONDS = 0.005
MANY_ENDS = 250
TICK_SECONDS = 1.0
# What was taken ahead and could not begin by then goes back: long jobs have come between.
LONGEST_AHEAD_SECONDS = 0.1
SHORTEST_RECONNECT_WAIT = 0.1
LONGEST_RECONNECT_WAIT = 2.0
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


class Engine:
    """Runs jobs until `stop` is called, or the queue is empty when `until_idle`."""

    def __init__(
        self,
        queue: Queue,
        supervisor: Supervisor,
        board: ProgressBoard,
        handlers: Mapping[str, type[Handler[Any]]],
        room: Room,
        vitals: Vitals,
        *,
        until_idle: bool = False,
    ) -> None:
        self._queue, self._supervisor, self._board, self._handlers = queue, supervisor, board, handlers
        self._room, self._vitals, self._until_idle = room, vitals, until_idle
        self._runs: dict[int, _Run] = {}
        self._ahead: deque[_Run] = deque()
        self._ended: list[Ended] = []
        self._wake = asyncio.Event()
        self._is_hungry = True
        self._is_stopping = False
        self._must_ask_for_cancels = False
        self._must_begin_anew = False
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Returns when it was told to stop, nothing runs any more and every end is recorded."""
        ticking = asyncio.create_task(self._tick(), name="engine tick")
        try:
            while not self._is_done:
                if not self._is_due:
                    await self._wake.wait()
                self._wake.clear()
                if self._is_due:
                    await self._turn()
        finally:
            ticking.cancel()

    def jobs_may_be_ready(self) -> None:
        """Told by the queue's notifications."""
        self._is_hungry = True
        self._wake.set()

    def cancel(self, job_ids: Sequence[int]) -> None:
        """A user has cancelled these jobs: those that run here are stopped."""
        for job_id in job_ids:
            run = self._runs.get(job_id)
            if run is None or run.attempt.is_cancelled:
                continue
            run.attempt.is_cancelled = True
            self._stop_run(run)

    def stop(self, grace_seconds: float) -> None:
        """Takes no more jobs; those that still run after the grace go back to their queue."""
        self._is_stopping = True
        self._release_ahead()
        self._loop.call_later(grace_seconds, self._stop_all)
        self._wake.set()

    @property
    def _is_done(self) -> bool:
        idle = not self._runs and not self._ended
        return idle and (self._is_stopping or (self._until_idle and not self._is_hungry))

    # --- when to go to the database

    @property
    def _is_due(self) -> bool:
        """Whether a round trip is worth it now. Otherwise something will wake the loop."""
        if self._must_begin_anew or self._must_ask_for_cancels:
            return True
        if self._is_hungry and not self._is_stopping and self._room.is_low(len(self._ahead)):
            return True
        if not self._ended:
            return False
        return len(self._ended) >= MANY_ENDS or len(self._runs) == 0 or self._lingered

    _lingered = False

    def _end_lingering(self) -> None:
        self._lingered = True
        self._wake.set()

    async def _turn(self) -> None:
        """One round trip. What could not be recorded is kept for the next."""
        if self._must_begin_anew:
            await self._begin_anew()
        ended, self._ended, self._lingered = self._ended, [], False
        wanted = NOTHING
        if self._is_hungry and not self._is_stopping:
            # Before the question: a notification that comes during it must not be lost.
            self._is_hungry, wanted = False, self._room.wanted(len(self._ahead))
        try:
            answer = await self._queue.cycle(ended, wanted)
            if self._must_ask_for_cancels:
                self._must_ask_for_cancels = False
                self.cancel(await self._queue.cancelled(list(self._runs)))
        except EndRefused:
            self._is_hungry = True
            await self._record_one_by_one(ended)
        except QueueUnavailable as error:
            self._ended = ended + self._ended
            self._is_hungry = True
            await self._wait_for_database(error)
        except DeclaredDead:
            self._must_begin_anew = True
        else:
            for job_id in answer.lost:
                log.warning("job_attempt_lost", job_id=job_id)
            self._accept(answer.taken)
            self._is_hungry = self._is_hungry or (0 < wanted.total <= len(answer.taken))

    async def _record_one_by_one(self, ended: Sequence[Ended]) -> None:
        """One of the ends cannot be stored: the others must not wait for it, and its job must not stay running."""
        for number, one in enumerate(ended):
            try:
                await self._queue.cycle([one], NOTHING)
            except EndRefused as refusal:
                log.error("job_end_refused", job_id=one.job_id, reason=str(refusal))
                if not one.is_refusal:
                    self._ended.append(one.refused(str(refusal)))
            except QueueUnavailable as error:
                self._ended += ended[number:]
                await self._wait_for_database(error)
                return

    _reconnect_wait = SHORTEST_RECONNECT_WAIT

    async def _wait_for_database(self, error: QueueUnavailable) -> None:
        log.warning("queue_unavailable", error=str(error), unrecorded=len(self._ended))
        while True:
            await asyncio.sleep(self._reconnect_wait)
            self._reconnect_wait = min(self._reconnect_wait * 2, LONGEST_RECONNECT_WAIT)
            try:
                await self._adopt()
            except QueueUnavailable:
                continue
            self._reconnect_wait = SHORTEST_RECONNECT_WAIT
            return

    async def _adopt(self) -> None:
        """Takes over what a lost answer gave us."""
        known = [*self._runs, *(one.job_id for one in self._ended)]
        adopted = await self._queue.adopt(known)
        self._accept(adopted)
        log.info("queue_available", adopted=len(adopted))

    async def _begin_anew(self) -> None:
        """Declared dead, or alone for so long that we may be: our jobs are others'. We come back as another worker."""
        log.error("worker_begins_anew", abandoned=len(self._runs))
        await self.abandon()
        while True:
            try:
                await self.register()
            except QueueUnavailable as error:
                log.warning("queue_unavailable", error=str(error))
                await asyncio.sleep(LONGEST_RECONNECT_WAIT)
                continue
            self._must_begin_anew, self._is_hungry = False, True
            return

    async def register(self) -> None:
        """Enters the registry under a new number; jobs held under the old one are returned to their queues."""
        self._vitals["worker_id"] = await self._queue.register()
        self._vitals["beaten_at"] = boot_time()

    async def leave(self) -> None:
        """Takes the worker out of the registry. One that cannot be reached learns it by silence."""
        try:
            await self._queue.unregister()
        except QueueUnavailable as error:
            log.warning("queue_unavailable", error=str(error))

    async def abandon(self) -> None:
        """Stops every run without recording anything of it."""
        for run in list(self._runs.values()):
            run.is_abandoned = True
            self._stop_run(run)
        self._ended.clear()
        tasks = [run.task for run in self._runs.values() if run.task]
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # their callbacks

    # --- what runs

    def _accept(self, taken: Sequence[Taken]) -> None:
        now = self._loop.time()
        for one in taken:
            params, meta = one.args.get("params") or {}, one.args.get("meta") or {}
            attempt = Attempt(one.id, one.attempt, params, one.failures, meta.get("request_id"))
            run = self._runs[one.id] = _Run(one, attempt, now)
            self._room.enter(one.queue)
            self._ahead.append(run)
        self._begin_ahead()
        if self._ahead:
            self._loop.call_later(LONGEST_AHEAD_SECONDS, self._release_stuck)

    def _begin_ahead(self) -> None:
        while self._ahead and self._room.has_slot:
            self._begin(self._ahead.popleft())

    def _begin(self, run: _Run) -> None:
        handler = self._handlers.get(run.taken.job_type)
        if handler is None:
            end = RunEnd("interrupted", retry_in=UNKNOWN_TYPE_RETRY_SECONDS)
            self._leave(run, end, Progress(0, "", f"no handler for {run.taken.job_type} in this worker"))
            log.warning("no_handler", job_id=run.taken.id, job_type=run.taken.job_type)
            return
        self._room.begin()
        run.begun_at = self._loop.time()
        run.task = self._loop.create_task(self._supervisor.run(handler, run.attempt))
        run.task.add_done_callback(partial(self._finished, run))
        self._board.changed(run.taken.id)
        if not handler.own_process:
            until = boot_time() + handler.timeout.total_seconds() + BLOCKING_GRACE_SECONDS
            self._vitals["may_block_until"] = max(until, self._vitals["may_block_until"])

    def _finished(self, run: _Run, task: "asyncio.Task[RunEnd | None]") -> None:
        self._room.end(self._loop.time() - run.begun_at)
        if task.cancelled():  # before its first step
            end: RunEnd | None = _stopped(run)
        else:
            end = task.result()
        self._leave(run, end)
        self._begin_ahead()

    def _leave(self, run: _Run, end: RunEnd | None, progress: Progress | None = None) -> None:
        """The run is over; its end waits for the next round trip."""
        taken = run.taken
        del self._runs[taken.id]
        self._room.leave(taken.queue)
        progress = progress or self._board.take(taken.id, taken.attempt)
        self._board.changed(taken.id)
        if end is None or run.is_abandoned:
            return
        if not self._ended:
            self._loop.call_later(LINGER_SECONDS, self._end_lingering)
        self._ended.append(Ended(taken.id, taken.attempt, end, progress))
        if len(self._ended) >= MANY_ENDS or not self._runs or (self._is_hungry and not self._ahead):
            self._wake.set()

    def _stop_run(self, run: _Run) -> None:
        if run.task is not None:
            run.task.cancel()
        else:
            self._ahead.remove(run)
            self._leave(run, _stopped(run))

    def _release_ahead(self) -> None:
        while self._ahead:
            self._leave(self._ahead.popleft(), RunEnd("released", retry_in=0))

    def _release_stuck(self) -> None:
        if self._ahead and self._loop.time() - self._ahead[0].taken_at >= LONGEST_AHEAD_SECONDS:
            self._release_ahead()

    def _stop_all(self) -> None:
        for run in list(self._runs.values()):
            self._stop_run(run)

    # --- once a second

    async def _tick(self) -> None:
        """The loop's own sign of life, and what must not depend on notifications."""
        while True:
            self._vitals["ticked_at"] = boot_time()
            self._vitals["running"] = len(self._runs)
            if self._vitals["dead_worker_id"] == self._queue.worker_id or self._vitals.is_alone:
                self._must_begin_anew = True
                await self.abandon()
            self._must_ask_for_cancels = bool(self._runs)
            self.jobs_may_be_ready()
            await asyncio.sleep(TICK_SECONDS)


def _stopped(run: _Run) -> RunEnd:
    """The end of a run that never began."""
    return RunEnd("cancelled") if run.attempt.is_cancelled else RunEnd("released", retry_in=0)
