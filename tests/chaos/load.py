"""Jobs that keep coming while a fault is injected, from a thread of its own."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy.exc import OperationalError

from jobs import service
from jobs.handler import Handler
from store.database import Database, DatabaseUnavailable
from tests.chaos.handlers import LoopHandler, Params, ProcessHandler

JOIN_SECONDS = 30


@dataclass(frozen=True)
class Mix:
    """How many jobs a second, and what they are: mostly short ones in the loop, some in a process."""

    per_second: float = 50
    processes: float = 0.02
    longest_seconds: float = 0.3


@dataclass
class Load:
    """Submits at a steady rate; only a commit that was confirmed counts as accepted."""

    url: str
    mix: Mix = field(default_factory=Mix)
    seed: int = 1

    def __post_init__(self) -> None:
        self.accepted: list[int] = []
        self.refused = 0
        self.longest_seconds = 0.0
        self.trouble: BaseException | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(JOIN_SECONDS)
        if error is None and self.trouble is not None:
            raise RuntimeError(f"the load ended early: {self.trouble!r}") from self.trouble

    def _run(self) -> None:
        try:
            asyncio.run(self._submit_steadily())
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            self.trouble = error

    async def _submit_steadily(self) -> None:
        choices = random.Random(self.seed)  # noqa: S311 - a load, no secret
        database = Database(self.url, process="chaos load", pool_size=1)
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        try:
            while not self._ending.is_set():
                await self._submit_one(database, choices)
                next_at = max(next_at + 1 / self.mix.per_second, loop.time() - 1)
                await asyncio.sleep(max(0, next_at - loop.time()))
        finally:
            await database.close()

    async def _submit_one(self, database: Database, choices: random.Random) -> None:
        handler: type[Handler[Any]] = LoopHandler
        if choices.random() < self.mix.processes:
            handler = ProcessHandler
        params = Params(seconds=round(choices.uniform(0, self.mix.longest_seconds), 3))
        began = time.monotonic()
        try:
            async with database.transaction() as conn:
                job_id = await service.submit(conn, handler, params)
        except (DatabaseUnavailable, OperationalError):  # away, full or locked
            self.refused += 1
            await asyncio.sleep(0.05)
            return
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        self.accepted.append(job_id)


def submit(
    url: str, handler: type[Handler[Any]], params: Sequence[Params], *, run_after: datetime | None = None
) -> list[int]:
    """Adds one job for each set of parameters, in one transaction; gives their ids."""

    async def add() -> list[int]:
        database = Database(url, process="chaos")
        try:
            async with database.transaction() as conn:
                return [await service.submit(conn, handler, one, run_after=run_after) for one in params]
        finally:
            await database.close()

    return asyncio.run(add())
