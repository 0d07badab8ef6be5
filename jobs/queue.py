"""The queue as a worker sees it: one round trip records what ended and takes the jobs that fit."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import set_json_loads
from pydantic_core import from_json

from jobs.heads import Heads, NewJobs
from jobs.outcome import Ended
from store.database import connect
from store.jsonb import storable_json
from store.queries import query_text

DECLARED_DEAD = -1


class QueueUnavailable(Exception):
    """The database cannot be reached; the round trip may or may not have happened, and may be repeated."""


class EndRefused(Exception):
    """The database will not store one of the ends; nothing of the round trip has happened."""


class DeclaredDead(Exception):
    """The other workers have given this one up: its jobs are theirs now."""


class Taken(NamedTuple):
    """A job that this worker now holds. `attempt` fences every write for it."""

    id: int
    queue: str
    job_type: str
    args: dict[str, Any]
    attempt: int
    failures: int


@dataclass(frozen=True)
class Wanted:
    """How many jobs fit, of which queues; `caps` bounds single queues. No queues means all."""

    total: int
    queues: tuple[str, ...] = ()
    caps: Mapping[str, int] = field(default_factory=dict)


NOTHING = Wanted(0)


@dataclass(frozen=True)
class WorkerInfo:
    """What the registry keeps of a worker."""

    name: str
    host: str
    pid: int
    version: str
    queues: dict[str, int | None]
    concurrency: int
    silent_seconds: float


@dataclass(frozen=True)
class Answer:
    """`lost` are the jobs whose attempts had ended elsewhere before we said so.

    Without `has_seen_all`, there may be ready jobs that were not looked at; `is_at_an_end` says that what was
    looked at has none left.
    """

    taken: list[Taken]
    lost: set[int]
    has_seen_all: bool = True
    is_at_an_end: bool = True


class Queue:
    """One connection, one worker. Not for concurrent use."""

    def __init__(self, url: str, info: WorkerInfo) -> None:
        self._url, self._info = url, info
        self._conn: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self.worker_id = 0
        self._heads = Heads()

    async def register(self) -> int:
        """Enters the worker into the registry, under a new number. Raises QueueUnavailable."""
        info = self._info
        values = {**vars(info), "queues": json.dumps(info.queues), "before": self.worker_id}
        rows = await self._ask(query_text("register_worker"), values)
        self.worker_id = int(rows[0][0])
        return self.worker_id

    async def unregister(self) -> None:
        await self._ask(
            "delete from procrastinate_workers where id = %(id)s returning id", {"id": self.worker_id}
        )

    async def cycle(self, ended: Sequence[Ended], wanted: Wanted) -> Answer:
        """Raises QueueUnavailable, EndRefused, DeclaredDead; a repeated end counts once."""
        asked_at = time.monotonic()
        try:
            rows = await self._ask(query_text("work_cycle"), self._cycle_values(ended, wanted))
        except (QueueUnavailable, EndRefused):
            self._heads.look_at_all()
            raise
        taken, lost, heads = [], set(), {}
        for row in rows:
            if row[2] is not None:
                taken.append(Taken._make(row))
            elif row[0] == DECLARED_DEAD:
                raise DeclaredDead(f"worker {self.worker_id} was declared dead")
            elif row[4] is not None:
                heads[row[1], row[4]] = row[0]
            else:
                lost.add(row[0])
        if wanted.total > 0:
            self._heads.remember(heads, time.monotonic() - asked_at)
        return Answer(taken, lost, has_seen_all=not self._heads.are_used, is_at_an_end=not heads)

    def hear_of(self, new: NewJobs | None) -> None:
        """Of jobs that may be ready now. None: any may be, and the next fetch looks at all."""
        if new is None:
            self._heads.look_at_all()
        else:
            self._heads.hear_of(new)

    async def adopt(self, known: Sequence[tuple[int, int]]) -> list[Taken]:
        """The jobs that this worker holds without knowing their (job, attempt): an answer was lost."""
        ids, attempts = [job_id for job_id, _ in known], [attempt for _, attempt in known]
        values = {"worker": self.worker_id, "ids": ids, "attempts": attempts}
        rows = await self._ask(query_text("adopt_jobs"), values)
        return [Taken._make(row) for row in rows]

    async def held(self, known: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bool]:
        """Those (job, attempt) that this worker still holds, and whether a user has cancelled them."""
        values = {"worker": self.worker_id, "ids": [job_id for job_id, _ in known]}
        rows = await self._ask(query_text("held_jobs"), values)
        return {(job_id, attempt): is_cancelled for job_id, attempt, is_cancelled in rows}

    async def close(self) -> None:
        if self._conn is not None:
            await self._conn.close()
            self._conn = None

    def _cycle_values(self, ended: Sequence[Ended], wanted: Wanted) -> dict[str, Any]:
        plain: list[Ended] = []
        others: list[Ended] = []
        for one in ended:
            (plain if one.is_plain else others).append(one)
        results = {one.job_id: one.end.result for one in plain if one.end.result is not None}
        return {
            "worker": self.worker_id,
            "name": self._info.name,
            "done": _array([one.job_id for one in plain]),
            "attempts": _array([one.attempt for one in plain]),
            "results": storable_json(results) if results else None,
            "ends": storable_json([one.as_row() for one in others]) if others else None,
            "queues": list(wanted.queues) or None,
            "capped": list(wanted.caps) or None,
            "caps": list(wanted.caps.values()) or None,
            "total": wanted.total,
            **self._heads.values(is_fetch=wanted.total > 0),
        }

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            conn = self._conn or await self._connect()
            return await (await conn.execute(statement, values)).fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await self.close()
            raise QueueUnavailable(" ".join(str(error).split())) from error
        except (psycopg.InternalError, psycopg.NotSupportedError, psycopg.ProgrammingError) as error:
            # Read-only after a failover, or a right or a function that is missing: no end is to blame.
            raise QueueUnavailable(" ".join(str(error).split())) from error
        except psycopg.Error as error:
            raise EndRefused(" ".join(str(error).split())) from error

    async def _connect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        conn = await connect(self._url, "worker")
        set_json_loads(from_json, conn)
        self._conn = conn
        return conn


def _array(numbers: list[int]) -> str | None:
    """As PostgreSQL writes arrays: for hundreds of numbers much faster than a list of parameters."""
    return "{" + ",".join(map(str, numbers)) + "}" if numbers else None
