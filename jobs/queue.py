"""The queue as a worker sees it: one round trip records what ended and takes the jobs that fit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import set_json_loads
from pydantic_core import from_json

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
    """`lost` are the jobs whose attempts had ended elsewhere before we said so."""

    taken: list[Taken]
    lost: set[int]


class Queue:
    """One connection, one worker. Not for concurrent use."""

    def __init__(self, url: str, info: WorkerInfo) -> None:
        self._url, self._info = url, info
        self._conn: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self.worker_id = 0

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
        rows = await self._ask(query_text("work_cycle"), self._cycle_values(ended, wanted))
        taken, lost = [], set()
        for row in rows:
            if row[2] is not None:
                taken.append(Taken(row[0], row[1], row[2], row[3], row[4] + 1, row[5]))
            elif row[0] == DECLARED_DEAD:
                raise DeclaredDead(f"worker {self.worker_id} was declared dead")
            else:
                lost.add(row[0])
        return Answer(taken, lost)

    async def adopt(self, known: Sequence[tuple[int, int]]) -> list[Taken]:
        """The jobs that this worker holds without knowing their (job, attempt): an answer was lost."""
        ids, attempts = [job_id for job_id, _ in known], [attempt for _, attempt in known]
        values = {"worker": self.worker_id, "ids": ids, "attempts": attempts}
        rows = await self._ask(query_text("adopt_jobs"), values)
        return [Taken(row[0], row[1], row[2], row[3], row[4] + 1, row[5]) for row in rows]

    async def cancelled(self, running: Sequence[int]) -> list[int]:
        """Those of the running jobs that a user has cancelled."""
        rows = await self._ask(query_text("cancelled_jobs"), {"ids": list(running)})
        return [row[0] for row in rows]

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
        }

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            conn = self._conn or await self._connect()
            return await (await conn.execute(statement, values)).fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await self.close()
            raise QueueUnavailable(" ".join(str(error).split())) from error
        except (psycopg.InternalError, psycopg.NotSupportedError) as error:  # read-only after a failover, say
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
