"""How good the served predictions were, over HTTP and as a health check."""

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from config.settings import Settings
from health.checks import Subject, model_drift
from store.database import Database
from store.model_performance import NewModelPerformance, save_model_performance
from tests.bets import KNOWN

pytestmark = pytest.mark.anyio

WEEK = NewModelPerformance(
    sport="football", window_days=7, as_of=KNOWN, matches=120, served={"ensemble 3": 120}, log_loss=1.2,
    log_loss_error=0.03, brier=0.7, rps=0.25, accuracy=0.4, ece=0.1, ece_limit=0.16, promised_log_loss=0.98,
    promise_error=0.04, market_matches=100, market_log_loss=0.97, log_loss_beside_market=1.19, bets=12,
    roi=-0.1, closing_line_value=-0.02, closing_line_error=0.01, drifted=True, says="7 days: worse",
)  # fmt: skip
MONTH = replace(WEEK, window_days=30, drifted=False, says="30 days: as expected")


async def measured(database: Database, *rows: NewModelPerformance) -> None:
    async with database.transaction() as conn:
        for row in rows:
            await save_model_performance(conn, 7, row)


async def test_the_latest_day_is_shown_first(client: httpx2.AsyncClient, database: Database) -> None:
    assert (await client.get("/api/models/performance")).json() == {"items": []}
    await measured(database, replace(WEEK, as_of=KNOWN.replace(day=13)), WEEK, MONTH)
    items = (await client.get("/api/models/performance")).json()["items"]
    assert [(item["day"], item["window_days"]) for item in items] == [
        ("2021-08-14", 7), ("2021-08-14", 30), ("2021-08-13", 7),
    ]  # fmt: skip
    assert items[0]["market"] == {"matches": 100, "log_loss": 0.97, "predictions_log_loss": 1.19}
    assert items[0]["bets"].items() >= {"bets": 12, "closing_line_value": -0.02}.items()
    assert (items[0]["drifted"], items[0]["says"]) == (True, "7 days: worse")
    weeks = (await client.get("/api/models/performance?window_days=7&limit=1")).json()["items"]
    assert [item["day"] for item in weeks] == ["2021-08-14"]
    assert (await client.get("/api/models/performance?sport=nba2k")).json() == {"items": []}


async def test_drift_is_a_warning_until_a_later_day_is_well(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    subject = Subject(database, tmp_path, settings)
    assert (await model_drift(subject)).status == "pass"
    await measured(database, WEEK, MONTH)
    warned = await model_drift(subject)
    assert (warned.status, warned.value, warned.output) == ("warn", 1, "7 days: worse")
    await measured(database, replace(WEEK, as_of=KNOWN.replace(day=15), drifted=False))
    assert (await model_drift(subject)).status == "pass"
