"""The gate of a provider: its calls are counted in the database, for all workers together."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from handlers.steps.provider_gate import ProviderGate
from jobs.limits import block_limit
from providers.catalogue import CallLimit
from providers.errors import RateLimited
from store.database import Database
from tests.handlers.gate_caller import LIMIT

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
CALLS = 13


@pytest.fixture
def starts(database_url: str, clean_database: None) -> Iterator[psycopg.Connection]:
    """Remembers each start that was counted, in the table test_starts."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("create table test_starts (at timestamptz)")
        conn.execute(
            "create function test_remember() returns trigger language plpgsql as"
            " $$ begin insert into test_starts values (new.started_at); return null; end $$"
        )
        conn.execute(
            "create trigger test_remember after insert on limit_starts"
            " for each row execute function test_remember()"
        )
        yield conn
        conn.execute("drop trigger test_remember on limit_starts")
        conn.execute("drop function test_remember")
        conn.execute("drop table test_starts")


def test_two_processes_together_never_make_more_calls_than_one_may(
    database_url: str, starts: psycopg.Connection
) -> None:
    command = [sys.executable, "-m", "tests.handlers.gate_caller", database_url, str(CALLS)]
    callers = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [caller.wait(60) for caller in callers] == [0, 0]
    calls: list[datetime] = [at for (at,) in starts.execute("select at from test_starts order by at")]
    assert len(calls) == 2 * CALLS
    for first, last in zip(calls, calls[LIMIT.starts :], strict=False):
        assert last - first >= LIMIT.per


async def test_a_gate_without_room_says_for_how_long(database: Database) -> None:
    hourly = CallLimit("hourly", 2, timedelta(hours=1))
    gate = ProviderGate(database, "sportmonks", hourly)
    await gate.enter()
    await gate.enter()
    with pytest.raises(RateLimited) as refused:
        await ProviderGate(database, "sportmonks", hourly).enter()
    assert timedelta(minutes=59) < refused.value.wait <= timedelta(hours=1)


async def test_what_one_gate_blocks_is_shut_for_all(database: Database) -> None:
    limit = CallLimit("blocked", 100, timedelta(minutes=1))
    await ProviderGate(database, "org", limit).block(timedelta(minutes=5))
    with pytest.raises(RateLimited) as refused:
        await ProviderGate(database, "org", limit).enter()
    assert timedelta(minutes=4) < refused.value.wait <= timedelta(minutes=5)


async def test_a_gate_waits_for_room_that_comes_soon(database: Database) -> None:
    limit = CallLimit("soon", 1, timedelta(seconds=0.1))
    gate = ProviderGate(database, "org", limit)
    await gate.enter()
    await gate.enter()


async def test_a_longer_block_is_not_shortened(database: Database) -> None:
    limit = CallLimit("long", 1, timedelta(minutes=1))
    async with database.transaction() as conn:
        await block_limit(conn, "long", timedelta(hours=1))
    gate = ProviderGate(database, "org", limit)
    await gate.block(timedelta(seconds=1))
    with pytest.raises(RateLimited) as refused:
        await gate.enter()
    assert refused.value.wait > timedelta(minutes=59)
