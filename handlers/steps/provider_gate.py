"""A provider's gate on the queue's limits: all workers together make no more calls than its key allows."""

import asyncio
import time
from datetime import timedelta

from jobs.handler import Limit
from jobs.limits import block_limit, reserve_start, set_limits
from providers.catalogue import CallLimit
from providers.errors import RateLimited
from store.database import Database

# A child process that waits for longer keeps others from theirs: the job comes again instead.
PATIENCE = timedelta(seconds=30)


class ProviderGate:
    """Each call is counted in the database, by its clock, before it is made.

    Where no room comes within `patience`, `enter` raises RateLimited with the wait until there may be some.
    """

    def __init__(
        self, database: Database, source: str, limit: CallLimit, patience: timedelta = PATIENCE
    ) -> None:
        self._database, self._source = database, source
        self._limit, self._patience = limit, patience
        self._is_known = False

    async def enter(self) -> None:
        until = time.monotonic() + self._patience.total_seconds()
        while (wait := await self._reserve()) is not None:
            if time.monotonic() + wait.total_seconds() > until:
                raise RateLimited(self._source, wait)
            await asyncio.sleep(wait.total_seconds())

    async def block(self, wait: timedelta) -> None:
        async with self._database.transaction() as conn:
            await block_limit(conn, self._limit.key, wait)

    async def _reserve(self) -> timedelta | None:
        async with self._database.transaction() as conn:
            if not self._is_known:
                limit = Limit(self._limit.key, starts=self._limit.starts, per=self._limit.per)
                await set_limits(conn, [limit])
                self._is_known = True
            return await reserve_start(conn, self._limit.key)
