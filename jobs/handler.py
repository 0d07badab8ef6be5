"""What a job type is: its parameters, its limits and its work. No queue library here."""

import math
import random
import typing
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from jobs.vitals import ALONE_SECONDS
from store.database import Database
from store.jobs import AttemptState, attempt_state
from store.jsonb import storable_key

# PostgreSQL's channels, by which its workers hear of new jobs, have names of at most 63 bytes.
LONGEST_QUEUE = 40
# A transaction of a worker that is cut off ends before the others may take its jobs.
LONGEST_IDLE = timedelta(seconds=ALONE_SECONDS)


class Transient(Exception):
    """The work may succeed if tried again: rate limit, network, lost connection."""


class Snooze(Exception):
    """Raised by a handler that wants to run again later; this is no failure and costs no retry."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"again in {wait.total_seconds():g} seconds")
        self.seconds = max(0.0, wait.total_seconds())


class LostAttempt(Exception):
    """This attempt no longer holds the job: it was rescued or ended elsewhere."""


class CancelRequested(Exception):
    """A user has cancelled the job; nothing more may be written for it."""


class JobParams(BaseModel):
    """The parameters of a job: what `POST /api/jobs` accepts, nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Retry:
    """How often a failure that can heal is tried again; the wait doubles each time, up to `longest_wait`.

    Each wait is shortened at random by up to the share `jitter`: what failed together should not come back
    together.
    """

    times: int = 0
    wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=6)
    jitter: float = 0.2
    on: tuple[type[Exception], ...] = ()

    def allows(self, error: BaseException) -> bool:
        return isinstance(error, (Transient, *self.on))

    def seconds_after(self, failures: int) -> float:
        """The wait after so many failures (1 or more)."""
        # The exponent is bounded: a large one would overflow long before the wait's own bound is asked.
        doubled = self.wait.total_seconds() * 2.0 ** min(failures - 1, 60)
        longest = min(doubled, self.longest_wait.total_seconds())
        return longest * (1 - self.jitter * random.random())  # noqa: S311 - no secret


@dataclass(frozen=True)
class Limit:
    """Shared by all jobs of the same key, over all workers: so many at once, so many starts in any `per`."""

    key: str
    at_once: int | None = None
    starts: int | None = None
    per: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", storable_key(self.key))


Report = Callable[[float, str, str], None]


@dataclass
class Job:
    """A handler's window on its own run."""

    id: int
    attempt: int
    database: Database
    settings: Settings
    report: Report
    inputs: dict[str, Any] = field(default_factory=dict)
    """In a pipeline, the results of the steps that this one waited for, by their names."""
    worker_id: int | None = None
    """The worker that holds the job, where it is known."""
    _step: str = field(default="", init=False)

    def progress(self, fraction: float, message: str = "", *, step: str | None = None) -> None:
        """Says how far the run is (0 to 1) and what it does; written at most a few times a second."""
        if step is not None:
            self._step = step
        # A fraction that is no number (0 of 0 done) says nothing, and must not stop the run.
        done = min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else 0.0
        self.report(done, self._step, message)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that begins only while this attempt holds the job, and keeps it until it commits.

        Raises LostAttempt or CancelRequested. Keep it short: a cancel waits for it. Compute and fetch before
        it: when nothing is asked of it for 10 seconds, the server ends it (TransactionTimedOut).
        """
        async with self.database.transaction() as conn:
            match await attempt_state(conn, self.id, self.attempt, self.worker_id, longest_idle=LONGEST_IDLE):
                case AttemptState.LOST:
                    raise LostAttempt(f"job {self.id}: attempt {self.attempt} no longer holds it")
                case AttemptState.CANCELLED:
                    raise CancelRequested(f"job {self.id} was cancelled")
            yield conn


P = TypeVar("P", bound=JobParams)
HANDLERS: dict[str, type["Handler[Any]"]] = {}


class Handler(Generic[P]):
    """One job type. Subclassing registers it.

    `run` works in the worker's loop, and must never block it; with `own_process` it works in a child process
    that can be killed: at its deadline, on cancel, above its memory. A run may be repeated, so its effects go
    through `job.transaction()`, keyed by nature.
    """

    job_type: ClassVar[str]
    params: ClassVar[type[JobParams]]
    queue: ClassVar[str] = "default"
    timeout: ClassVar[timedelta] = timedelta(minutes=5)
    retry: ClassVar[Retry] = Retry()
    own_process: ClassVar[bool] = False
    memory_mb: ClassVar[int] = 1_000

    def __init_subclass__(cls) -> None:
        cls.params = typing.get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]
        if len(cls.queue.encode()) > LONGEST_QUEUE:
            raise TypeError(
                f"{cls.job_type}: a queue's name has at most {LONGEST_QUEUE} bytes, not {cls.queue!r}"
            )
        if HANDLERS.setdefault(cls.job_type, cls) is not cls:
            raise TypeError(f"job type {cls.job_type!r} is declared twice")

    def unique_key(self, params: P) -> str | None:  # noqa: ARG002 - the default has no use for them
        """Jobs with the same key are never active together; None allows any number."""
        return None

    def key_of(self, params: P) -> str | None:
        """The unique key as it is kept, however long it is."""
        key = self.unique_key(params)
        return None if key is None else storable_key(key)

    def limit(self, params: P) -> Limit | None:  # noqa: ARG002 - the default has no use for them
        """What bounds how many of these jobs run at once, or start in a while; None bounds nothing."""
        return None

    def next_wait(self, params: P, result: Any) -> timedelta | None:  # noqa: ARG002 - as above
        """On an adaptive schedule: how long after this completed job to run again. None: the longest wait."""
        return None

    async def run(self, params: P, job: Job) -> BaseModel | None:
        raise NotImplementedError
