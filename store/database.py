"""The only ways into the database: `read()` and `transaction()`. Nobody else connects or commits."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

# Without these a cut network is noticed only after the kernel's two hours.
CONNECTION_OPTIONS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "9000",
}


SECONDS_WITHOUT_PING = 1.0


class DatabaseUnavailable(Exception):
    """No connection to the database could be had, or it was lost; the work may be tried again."""


def conninfo(url: str, process: str) -> str:
    """The libpq connection string of `url` with our time-outs and the process's name."""
    options = {**CONNECTION_OPTIONS, **conninfo_to_dict(url)}
    return make_conninfo("", **{**options, "application_name": f"matchday {process}"[:63]})


class Database:
    """A pool of connections. Store functions take a connection first and never commit."""

    def __init__(self, url: str, *, process: str, pool_size: int = 5, pool_timeout: float = 5) -> None:
        self.url = url
        self._engine = create_async_engine(
            _engine_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            connect_args={
                **CONNECTION_OPTIONS,
                "application_name": f"matchday {process}"[:63],
                # A pooler in transaction mode hands each transaction another server connection.
                "prepare_threshold": None,
            },
        )
        _ping_after_idleness(self._engine.sync_engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; whatever it wrote is rolled back."""
        with _translated():
            async with self._engine.connect() as conn:
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose work is committed at the end, or not at all."""
        with _translated():
            async with self._engine.begin() as conn:
                yield conn

    async def close(self) -> None:
        await self._engine.dispose()


def _ping_after_idleness(engine: Engine) -> None:
    """A connection that has just served is taken as it is; one that rested may have been cut."""

    def rest(_: object, record: ConnectionPoolEntry) -> None:
        record.info["resting_since"] = time.monotonic()

    def wake(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("resting_since", math.inf) < SECONDS_WITHOUT_PING:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", wake)


class _translated:
    """Turns a lost or refused connection into DatabaseUnavailable, and leaves every other error as it is."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PoolTimeout):
            raise DatabaseUnavailable("every database connection is busy") from error
        if isinstance(error, DBAPIError) and _is_connection_loss(error):
            raise DatabaseUnavailable("the database cannot be reached") from error


def _is_connection_loss(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:
        return isinstance(error, (OperationalError, InterfaceError))
    # 08: connection exception. 57P01 to 57P03: shutdown, crash, starting up. 53300: too many connections.
    return sqlstate.startswith("08") or sqlstate in {"57P01", "57P02", "57P03", "53300"}


def _engine_url(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")
