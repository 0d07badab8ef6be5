"""Refused rows are kept once each, whatever is in them."""

import pytest

from store.database import Database
from store.matches import count_quarantined
from store.quarantine import RefusedRow, list_quarantined, quarantine

pytestmark = pytest.mark.anyio

ROW = RefusedRow(
    "football_data", "E0.csv", 12, "the score is not a number", {"FTHG": "x\0\ud800", "FTAG": "1"}
)


async def test_a_row_refused_twice_is_kept_once_with_the_last_job(database: Database) -> None:
    for job_id in (1, 2):
        async with database.transaction() as conn:
            await quarantine(conn, job_id, [ROW])
    async with database.read() as conn:
        (kept,) = await list_quarantined(conn)
        assert await count_quarantined(conn) == 1
    assert (kept.file, kept.line, kept.reason, kept.job_id) == ("E0.csv", 12, ROW.reason, 2)
    assert kept.raw == {"FTHG": "x\ufffd?", "FTAG": "1"}


async def test_no_refused_rows_are_nothing_to_keep(database: Database) -> None:
    async with database.transaction() as conn:
        await quarantine(conn, 1, [])
        assert await count_quarantined(conn) == 0


async def test_the_same_refusal_twice_in_one_reading_is_kept_once(database: Database) -> None:
    async with database.transaction() as conn:
        await quarantine(conn, 1, [ROW, ROW])
        assert await count_quarantined(conn) == 1
