"""What several tests of the queue need."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from store.database import Database
from tests.engine.schedules import CLOCK, WORKERS, Clock


@pytest.fixture
def clock(database: Database, database_url: str) -> Clock:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(CLOCK)
    return Clock(database)


@pytest.fixture
async def many_connections(clock: Clock, database_url: str) -> AsyncIterator[Clock]:
    many = Database(database_url, process="test", pool_size=WORKERS)
    yield Clock(many)
    await many.close()
