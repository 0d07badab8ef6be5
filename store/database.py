"""The only ways into the database: `read()`, `transaction()`, `autocommit()`. Nobody else connects."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from psycopg import AsyncConnection as AsyncPsycopgConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

# Without these a cut network is noticed only after the kernel's two hours.
CONNECTION_OPTIONS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "9000",
}
# The same for the server's end: it would keep the sessions of a client that is gone for those two hours. As a
# statement, because a pooler refuses parameters at the start that it does not know.
NOTICE_A_LOST_CLIENT = """
select set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '2', false), set_config('tcp_user_timeout', '9000', false)
"""

SECONDS_WITHOUT_PING = 1.0


class DatabaseUnavailable(Exception):
    """No connection to the database could be had, or it was lost; the work may be tried again."""


class TransactionTimedOut(DatabaseUnavailable):
    """Nothing was asked of a transaction for so long that the server ended it; nothing of it is stored."""


def conninfo(url: str, process: str) -> str:
    """The libpq connection string of `url` with our time-outs and the process's name."""
    options = {**CONNECTION_OPTIONS, **conninfo_to_dict(url)}
    return make_conninfo("", **{**options, "application_name": f"matchday {process}"[:63]})


async def connect(url: str, process: str) -> AsyncPsycopgConnection[tuple[Any, ...]]:
    """A connection outside of any pool, without transactions: for a worker's queue, for LISTEN."""
    conn = await AsyncPsycopgConnection.connect(
        conninfo(url, process), autocommit=True, prepare_threshold=None
    )
    try:
        await conn.execute(NOTICE_A_LOST_CLIENT)
    except BaseException:
        await conn.close()
        raise
    return conn


class Database:
    """A pool of connections. Store functions take a connection first and never commit."""

    def __init__(self, url: str, *, process: str, pool_size: int = 5, pool_timeout: float = 5) -> None:
        self.url = url
        self._engine = create_async_engine(
            _engine_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            # The values of a statement that failed would be in the error, and with its trace in the API.
            hide_parameters=True,
            connect_args={
                **CONNECTION_OPTIONS,
                "application_name": f"matchday {process}"[:63],
                # A pooler in transaction mode hands each transaction another server connection.
                "prepare_threshold": None,
            },
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pool_size = pool_size
        self._warm: AsyncConnection | None = None
        self._warm_since = 0.0
        _ping_after_idleness(self._engine.sync_engine)
        event.listen(self._engine.sync_engine, "connect", _notice_a_lost_client)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; whatever it wrote is rolled back."""
        with _translated():
            await self._let_warm_go()
            async with self._engine.connect() as conn:
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose work is committed at the end, or not at all."""
        with _translated():
            await self._let_warm_go()
            async with self._engine.begin() as conn:
                yield conn

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """A connection each of whose statements is a transaction of its own: one round trip for one write.

        The latest one is kept at hand for a second, as long as there are more for everybody else: the way out
        of the pool and back costs as much as a new job.
        """
        with _translated():
            warm, self._warm = self._warm, None
            if warm is not None and time.monotonic() - self._warm_since >= SECONDS_WITHOUT_PING:
                await warm.close()
                warm = None
            async with AsyncExitStack() as stack:
                conn = warm or await self._autocommit.connect()
                stack.push_async_exit(conn)
                yield conn
                if self._warm is None and not self._are_all_out:
                    await conn.rollback()  # of what SQLAlchemy thinks of as begun
                    stack.pop_all()
                    self._warm, self._warm_since = conn, time.monotonic()

    async def close(self) -> None:
        if self._warm is not None:
            await self._warm.close()
        await self._engine.dispose()

    @property
    def _are_all_out(self) -> bool:
        return cast(QueuePool, self._engine.pool).checkedout() >= self._pool_size

    async def _let_warm_go(self) -> None:
        """Where it is the last one, it goes to whoever needs one."""
        if self._warm is not None and self._are_all_out:
            warm, self._warm = self._warm, None
            await warm.close()


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


def _notice_a_lost_client(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(NOTICE_A_LOST_CLIENT)
    cursor.close()
    connection.autocommit = False


class _translated:
    """Turns a lost or refused connection into DatabaseUnavailable, and leaves every other error as it is."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PoolTimeout):
            raise DatabaseUnavailable("every database connection is busy") from error
        if isinstance(error, DBAPIError) and isinstance(error.orig, IdleInTransactionSessionTimeout):
            raise TransactionTimedOut(
                "the transaction was idle for too long, and the server has ended it: compute before it"
            ) from error
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
