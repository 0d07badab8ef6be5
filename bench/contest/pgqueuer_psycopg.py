"""PGQueuer over a psycopg connection."""

import psycopg
from pgqueuer.db import Driver, PsycopgDriver  # type: ignore[import-not-found, unused-ignore]

from bench.contest.pgqueuer_peer import Pgqueuer


class PgqueuerPsycopg(Pgqueuer):
    async def connect(self) -> Driver:
        self._connection = await psycopg.AsyncConnection.connect(self.dsn, autocommit=True)
        return PsycopgDriver(self._connection)

    async def disconnect(self) -> None:
        await self._connection.close()


CONTESTANT = PgqueuerPsycopg
