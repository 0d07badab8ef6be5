"""LISTEN that knows whether it hears: through a pooler in transaction mode it does not."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.database import Database, DatabaseUnavailable, connect
from store.outage import Outage

LONGEST_RECONNECT_WAIT = 5.0
SECONDS_BETWEEN_TESTS = 30.0
# A notification takes milliseconds; a busy process and a busy server some more.
ECHO_SECONDS = 5.0

log = structlog.get_logger()


class Listening:
    """Hands on the payload of every notification; `on_connect` is called when some may have been missed.

    Notifies itself, through `database`, when it has connected and every half minute.
    """

    def __init__(
        self,
        database: Database,
        url: str,
        process: str,
        channels: Sequence[str],
        on_payload: Callable[[str], None],
        on_connect: Callable[[], None],
    ) -> None:
        self._database, self._url, self._process = database, url, process
        self._on_payload, self._on_connect = on_payload, on_connect
        self._echo_channel = f"matchday_echo_{secrets.token_hex(8)}"
        self._channels = [*channels, self._echo_channel]
        self._outage = Outage("listener", longest_wait=LONGEST_RECONNECT_WAIT, seconds_between=300)
        self._connected, self._must_test, self._echo = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._is_deaf = False

    @property
    def hears(self) -> bool:
        """Whether notifications arrive, as far as is known."""
        return self._connected.is_set() and not self._is_deaf

    async def run(self) -> None:
        """Listens until it is cancelled; a lost connection is made again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._test_again_and_again())

    async def _listen(self) -> None:
        wait = 0.0
        while True:
            try:
                async with await connect(self._url, self._process) as conn:
                    for channel in self._channels:
                        await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    self._outage.is_over()
                    self._connected.set()
                    self._must_test.set()
                    self._on_connect()
                    await self._hear(conn)
            except psycopg.Error as error:
                wait = self._outage.goes_on(error)
            finally:
                self._connected.clear()
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - only spreads the tries

    async def _hear(self, conn: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        async for notification in conn.notifies():
            if notification.channel == self._echo_channel:
                self._echo.set()
            else:
                self._on_payload(notification.payload)

    async def _test_again_and_again(self) -> None:
        while True:
            await self._connected.wait()
            self._must_test.clear()
            await self._test()
            await _wait_for(self._must_test, SECONDS_BETWEEN_TESTS)

    async def _test(self) -> None:
        """On another connection: a pooler may hand back at once what comes on the same one."""
        self._echo.clear()
        try:
            async with self._database.transaction() as conn:
                await conn.execute(text("select pg_notify(:channel, '')"), {"channel": self._echo_channel})
        except (DatabaseUnavailable, DBAPIError):
            return  # nothing was sent: that says nothing of hearing
        is_heard = await _wait_for(self._echo, ECHO_SECONDS)
        if not self._connected.is_set() or self._must_test.is_set():
            return  # the connection was lost meanwhile
        if is_heard == self._is_deaf:
            self._is_deaf = not is_heard
            self._tell()

    def _tell(self) -> None:
        if self._is_deaf:
            advice = "is this a pooler in transaction mode? DATABASE_URL_DIRECT should name the server"
            log.warning("notifications_not_heard", part=self._process, advice=advice)
        else:
            log.info("notifications_heard", part=self._process)


async def _wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set within so many seconds; a blocked loop gets a last chance to see it."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        await asyncio.sleep(0.05)
    return event.is_set()
