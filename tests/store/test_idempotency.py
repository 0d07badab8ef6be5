"""Keys of requests: taken in a transaction, kept with the answer, deleted in batches when they are old."""

import pytest
from sqlalchemy import text

from store.database import Database
from store.idempotency import KeptAnswer, delete_expired, keep_answer, take_key
from store.queries import query_text

pytestmark = pytest.mark.anyio
PRINT = b"p" * 32
ANSWER = KeptAnswer(PRINT, 202, '{"id": 7}', "/api/jobs/7")
MANY = """
    insert into idempotency_keys (key, fingerprint, status, body, created_at)
    select 'k-' || n, sha256('x'), 202, '{}', now() - n * interval '10 seconds'
    from generate_series(1, 20000) n
"""


async def test_a_kept_answer_is_given_to_whoever_comes_later(database: Database) -> None:
    async with database.transaction() as conn:
        assert await take_key(conn, "k", PRINT) is None
        await keep_answer(conn, "k", ANSWER)
    async with database.transaction() as conn:
        assert await take_key(conn, "k", b"q" * 32) == ANSWER


async def test_a_key_whose_transaction_failed_is_free(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as conn:
            await take_key(conn, "k", PRINT)
            raise RuntimeError
    async with database.transaction() as conn:
        assert await take_key(conn, "k", PRINT) is None


async def test_old_keys_are_found_by_an_index_and_deleted_in_batches(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(text(MANY))
        await conn.execute(text("analyze idempotency_keys"))
        statement = query_text("delete_expired_keys")
        lines = "\n".join(await conn.scalars(text(f"explain {statement}"), {"limit": 1_000}))
        assert "idempotency_keys_created" in lines
        assert "Seq Scan" not in lines
        batches = [await delete_expired(conn, 10_000) for _ in range(3)]
        assert batches == [10_000, 1_360, 0]  # of 20,000, one each 10 seconds, 8,640 are of the last day
        oldest = text("select max(now() - created_at) <= interval '24 hours' from idempotency_keys")
        assert await conn.scalar(oldest)


async def test_one_key_is_found_by_an_index(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(text(MANY))
        await conn.execute(text("analyze idempotency_keys"))
        plan = await conn.scalars(text("explain select body from idempotency_keys where key = 'k-7'"))
    assert "idempotency_keys_pkey" in "\n".join(plan)
