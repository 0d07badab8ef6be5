"""Keys that are too long for an index are kept shortened, and still tell jobs apart."""

import pytest

from jobs import service
from jobs.batches import BatchJob, SameWork, submit_batch
from jobs.service import AlreadyActive
from store.database import Database
from tests.engine import KeyedHandler, KeyedParams
from tests.engine.limited import LimitedHandler, LimitedParams

pytestmark = pytest.mark.anyio

# Not compressible to less than an index takes.
LONG = "".join(chr(0x4E00 + (number * 7_919) % 20_000) for number in range(5_000))


async def test_two_of_the_same_long_key_are_the_same_work(database: Database) -> None:
    async with database.transaction() as conn:
        first = await service.submit(conn, KeyedHandler, KeyedParams(key=LONG))
        with pytest.raises(AlreadyActive) as refused:
            await service.submit(conn, KeyedHandler, KeyedParams(key=LONG))
        assert refused.value.job_id == first
        with pytest.raises(AlreadyActive):
            await service.submit_many(conn, KeyedHandler, [KeyedParams(key=LONG)])
        with pytest.raises(SameWork):
            await submit_batch(conn, [BatchJob(KeyedHandler, KeyedParams(key=LONG))])
        assert await service.submit(conn, KeyedHandler, KeyedParams(key=LONG + "!")) > first


async def test_a_limit_may_have_a_long_key(database: Database) -> None:
    async with database.transaction() as conn:
        await service.submit(conn, LimitedHandler, LimitedParams(key=LONG, at_once=1))
        await service.submit_many(conn, LimitedHandler, [LimitedParams(key=LONG, at_once=1)])
