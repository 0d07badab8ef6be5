"""What a source told and was refused can be looked at."""

import httpx2
import pytest

from store.database import Database
from store.quarantine import RefusedRow, quarantine

pytestmark = pytest.mark.anyio


async def refused(database: Database, *sources: str) -> None:
    for job_id, source in enumerate(sources, 1):
        row = RefusedRow(source, "E0.csv", 7, "goals 'x' are not a number", {"FTHG": "x"})
        async with database.transaction() as conn:
            await quarantine(conn, job_id, [row])


async def test_the_rows_seen_last_come_first_with_their_reason(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await refused(database, "football_data", "sportmonks")
    rows = (await client.get("/api/v1/quarantine")).json()["items"]
    assert [row["source"] for row in rows] == ["sportmonks", "football_data"]
    assert rows[0]["reason"] == "goals 'x' are not a number"
    assert rows[0]["raw"] == {"FTHG": "x"}
    assert (rows[0]["line"], rows[0]["job_id"]) == (7, 2)


async def test_those_of_one_source(client: httpx2.AsyncClient, database: Database) -> None:
    await refused(database, "football_data", "sportmonks")
    rows = (await client.get("/api/v1/quarantine?source=football_data")).json()["items"]
    assert [row["source"] for row in rows] == ["football_data"]
