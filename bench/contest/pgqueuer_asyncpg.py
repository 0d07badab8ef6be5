"""PGQueuer over an asyncpg connection."""

import asyncpg  # type: ignore[import-not-found, unused-ignore]
from pgqueuer.db import AsyncpgDriver, Driver  # type: ignore[import-not-found, unused-ignore]

from bench.contest.pgqueuer_peer import Pgqueuer


class PgqueuerAsyncpg(Pgqueuer):
    async def connect(self) -> Driver:
        self._connection = await asyncpg.connect(self.dsn)
        return AsyncpgDriver(self._connection)

    async def disconnect(self) -> None:
        await self._connection.close()


CONTESTANT = PgqueuerAsyncpg
