"""A listener knows whether it hears."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from store import listening
from store.database import Database
from store.listening import Listening
from tests.app.gate import Gate

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "ECHO_SECONDS", 0.3)
    monkeypatch.setattr(listening, "SECONDS_BETWEEN_TESTS", 0.1)


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - what is awaited happens in the database
            await asyncio.sleep(0.005)


async def test_what_is_sent_is_heard_and_its_own_tests_are_not_handed_on(database: Database) -> None:
    heard: list[str] = []
    ear = Listening(database, database.url, "test ear", ["news"], heard.append, lambda: None)
    assert not ear.hears
    running = asyncio.create_task(ear.run())
    await until(lambda: ear.hears)
    with capture_logs() as lines:
        await asyncio.sleep(0.5)  # some tests long
    async with database.transaction() as conn:
        await conn.execute(text("select pg_notify('news', 'good')"))
    await until(lambda: heard == ["good"])
    assert ear.hears
    assert lines == []
    running.cancel()
    await asyncio.wait([running])


async def test_one_that_hears_nothing_says_so_once(database: Database, server_url: str) -> None:
    # Notifications stay within their database: this ear listens in another one.
    ear = Listening(database, server_url, "test ear", ["news"], lambda _: None, lambda: None)
    with capture_logs() as lines:
        running = asyncio.create_task(ear.run())
        await until(lambda: bool(lines))
        await asyncio.sleep(1)  # some tests long
    assert not ear.hears
    assert [line["event"] for line in lines] == ["notifications_not_heard"]
    running.cancel()
    await asyncio.wait([running])


async def test_a_lost_connection_is_made_again_and_what_was_missed_looked_up(
    database: Database, database_url: str
) -> None:
    connected = 0

    def count() -> None:
        nonlocal connected
        connected += 1

    async with Gate(database_url) as gate:
        ear = Listening(database, gate.url, "test ear", ["news"], lambda _: None, count)
        running = asyncio.create_task(ear.run())
        for times in range(1, 4):
            await gate.open()
            await until(lambda: ear.hears)
            assert connected == times
            await gate.shut()
            await until(lambda: not ear.hears)
        running.cancel()
        await asyncio.wait([running])
