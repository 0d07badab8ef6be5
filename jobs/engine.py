"""The worker's loop: each round trip to the database records what has ended and takes what fits."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from jobs.handler import Handler
from jobs.heads import NewJobs
from jobs.outcome import Ended
from jobs.progress import ProgressBoard
from jobs.queue import NOTHING, DeclaredDead, EndRefused, Queue, QueueUnavailable, Taken, Wanted
from jobs.room import Room
from jobs.runs import Runs
from jobs.supervisor import Supervisor
from jobs.vitals import Vitals, boot_time
from store.outage import Outage

# An end waits this long for company, unless many have gathered or nothing else runs.
LINGER_SECONDS = 0.005
MANY_ENDS = 250
MOST_ENDS = 1_000
TICK_SECONDS = 1.0
# How often a worker looks for jobs that it holds without knowing.
TICKS_BETWEEN_ADOPTIONS = 15
LONGEST_WAIT = 2.0

log = structlog.get_logger()


class Engine:
    """Runs jobs until `stop` is called, or until the queue is empty with `until_idle`."""

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
        self._queue, self._room, self._vitals, self._until_idle = queue, room, vitals, until_idle
        self._board = board
        self._runs = Runs(supervisor, board, handlers, room, vitals, self._keep)
        self._ended: list[Ended] = []
        self._wake = asyncio.Event()
        self._is_hungry = True
        self._has_seen_all = True
        self._has_lingered = False
        self._is_stopping = False
        self._must_ask_for_runs = False
        self._must_adopt = False
        self._must_begin_anew = False
        self._outage = Outage("queue", longest_wait=LONGEST_WAIT)
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

    def jobs_may_be_ready(self, new: NewJobs | None = None) -> None:
        """Told by the queue's notifications; without anything said of them, they may be any."""
        self._queue.hear_of(new)
        self._look()

    def _look(self) -> None:
        self._is_hungry = True
        self._wake.set()

    def cancel(self, job_ids: Sequence[int]) -> None:
        """A user has cancelled these jobs."""
        self._runs.cancel(job_ids)

    def stop(self, grace_seconds: float) -> None:
        """Takes no more jobs; those that still run after the grace go back to their queue."""
        self._is_stopping = True
        self._runs.release_ahead()
        self._loop.call_later(grace_seconds, self._runs.stop_all)
        self._wake.set()

    async def register(self) -> None:
        """Enters the registry under a new number; jobs held under the old one go back to their queues."""
        self._vitals["worker_id"] = await self._queue.register()
        self._vitals["beaten_at"] = boot_time()

    async def leave(self) -> None:
        """Takes the worker out of the registry. A database that cannot be reached learns it by silence."""
        try:
            await self._queue.unregister()
        except QueueUnavailable as error:
            log.warning("queue_unavailable", error=str(error))

    @property
    def _is_done(self) -> bool:
        is_idle = not len(self._runs) and not self._ended
        return is_idle and (
            self._is_stopping or (self._until_idle and self._has_seen_all and not self._is_hungry)
        )

    @property
    def _may_take(self) -> bool:
        return self._is_hungry and not self._is_stopping and not self._vitals.is_alone

    @property
    def _is_due(self) -> bool:
        """Whether a round trip is worth it now. Otherwise something will wake the loop."""
        if self._must_begin_anew or self._must_adopt or self._must_ask_for_runs:
            return True
        if self._may_take and self._room.is_low(self._runs.ahead):
            return True
        if not self._ended:
            return False
        return len(self._ended) >= MANY_ENDS or not len(self._runs) or self._has_lingered

    def _keep(self, end: Ended) -> None:
        """Until the next round trip."""
        if not self._ended:
            self._loop.call_later(LINGER_SECONDS, self._linger)
        self._ended.append(end)
        if len(self._ended) >= MANY_ENDS or not len(self._runs) or (self._is_hungry and not self._runs.ahead):
            self._wake.set()

    def _linger(self) -> None:
        self._has_lingered = True
        self._wake.set()

    async def _turn(self) -> None:
        """One round trip. What could not be recorded is kept for the next."""
        ended, self._ended = self._ended[:MOST_ENDS], self._ended[MOST_ENDS:]
        # What has ended may let others begin: a retry, the next step, the next under a limit. Otherwise
        # notifications say so, but who stops when the queue is empty must not wait for them.
        self._is_hungry = self._is_hungry or (self._until_idle and bool(ended))
        self._has_lingered = bool(self._ended)
        try:
            await self._round_trip(ended)
        except EndRefused as refusal:
            if ended:
                self._is_hungry = True
                await self._record_one_by_one(ended)
            else:
                await self._wait(refusal)
        except QueueUnavailable as error:
            self._ended = ended + self._ended
            await self._wait(error)
        except DeclaredDead:
            self._must_begin_anew = True
        else:
            self._outage.is_over()

    async def _round_trip(self, ended: list[Ended]) -> None:
        """Empties `ended` once it is recorded."""
        if self._must_begin_anew:
            await self._begin_anew()
        if self._must_adopt:
            await self._adopt(ended)
        wanted = self._what_is_wanted()
        answer = await self._queue.cycle(ended, wanted)
        self._tell_of(ended)
        ended.clear()  # what fails from here on must not send them again: a job may be ours anew
        for job_id in answer.lost:
            log.warning("job_attempt_lost", job_id=job_id)
        self._accept(answer.taken)
        if wanted.total > 0:
            self._has_seen_all = answer.has_seen_all
            self._is_hungry = self._is_hungry or len(answer.taken) >= wanted.total
            if self._until_idle and answer.is_at_an_end and not answer.has_seen_all:
                self.jobs_may_be_ready()
        if self._must_ask_for_runs:
            self._must_ask_for_runs = False
            await self._ask_for_runs()

    async def _ask_for_runs(self) -> None:
        """Which were cancelled, or are not ours any more: notifications of it may be missed."""
        known = self._runs.held
        held = await self._queue.held(known)
        self._runs.cancel([one[0] for one, is_cancelled in held.items() if is_cancelled])
        for job_id, _ in (lost := [one for one in known if one not in held]):
            log.warning("job_attempt_lost", job_id=job_id)
        self._runs.abandon(lost)

    def _accept(self, taken: Sequence[Taken]) -> None:
        """Who was told to stop while it asked begins nothing more."""
        if self._is_stopping:
            self._runs.hand_back(taken)
        else:
            self._runs.accept(taken)

    def _what_is_wanted(self) -> Wanted:
        if not self._may_take:
            return NOTHING
        wanted = self._room.wanted(self._runs.ahead)
        if wanted.total > 0:
            # Before the question: a notification that comes during it must not be lost.
            self._is_hungry = False
        return wanted

    async def _record_one_by_one(self, ended: Sequence[Ended]) -> None:
        """One of the ends cannot be stored: the others must not wait for it, nor its job stay running."""
        for number, one in enumerate(ended):
            try:
                # Not as a plain end: its run may be in the table already.
                await self._queue.cycle([one._replace(has_reported=True)], NOTHING)
                self._tell_of([one])
            except EndRefused as refusal:
                log.error("job_end_refused", job_id=one.job_id, reason=str(refusal))
                if not one.is_refusal:
                    self._ended.append(one.refused(str(refusal)))
            except QueueUnavailable as error:
                self._ended += ended[number:]
                await self._wait(error)
                return

    def _tell_of(self, recorded: Sequence[Ended]) -> None:
        """To those who stream these jobs: told earlier, they would find them still running."""
        for one in recorded:
            self._board.changed(one.job_id)

    async def _wait(self, error: QueueUnavailable | EndRefused) -> None:
        """For the database; a lost answer may have given us jobs."""
        self._is_hungry = self._must_adopt = self._has_lingered = True
        await asyncio.sleep(self._outage.goes_on(error, unrecorded=len(self._ended)))

    async def _adopt(self, ended: Sequence[Ended]) -> None:
        """Takes over what this worker holds without knowing."""
        known = [*self._runs.held, *((one.job_id, one.attempt) for one in [*ended, *self._ended])]
        adopted = await self._queue.adopt(known)
        self._must_adopt = False
        self._accept(adopted)
        if adopted:
            log.warning("jobs_adopted", jobs=len(adopted))

    async def _begin_anew(self) -> None:
        """Declared dead, or alone for so long that we may be: our jobs are others', we are another worker."""
        await self._abandon()
        await self.register()
        log.warning("worker_began_anew", worker_id=self._queue.worker_id)
        self._must_begin_anew, self._is_hungry = False, True

    async def _abandon(self) -> None:
        if len(self._runs) or self._ended:
            log.error("jobs_abandoned", running=len(self._runs), unrecorded=len(self._ended))
        await self._runs.abandon_all()
        self._ended.clear()

    async def _tick(self) -> None:
        """Once a second: the loop's own sign of life, and what must not depend on notifications."""
        ticks = 0
        while True:
            ticks += 1
            self._vitals["ticked_at"], self._vitals["running"] = boot_time(), len(self._runs)
            if self._vitals["dead_worker_id"] == self._queue.worker_id or self._vitals.is_alone:
                self._must_begin_anew = True
                await self._abandon()
            self._must_ask_for_runs = len(self._runs) > 0
            self._must_adopt = self._must_adopt or ticks % TICKS_BETWEEN_ADOPTIONS == 0
            self._look()
            await asyncio.sleep(TICK_SECONDS)
