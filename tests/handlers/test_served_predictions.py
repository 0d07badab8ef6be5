"""The settlement job measures what was served: by the last word before kick-off, over 7, 30 and 90 days."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from betting.overround import power
from config.settings import Settings
from handlers.settlement import SettlementHandler, SettlementParams, SettlementResult
from jobs.testing import run_inline
from store.database import Database
from store.model_performance import ModelPerformanceRow, list_model_performance
from tests.bets import (
    KICKOFF,
    KNOWN,
    add_bet,
    add_match,
    add_model,
    add_odds,
    add_prediction,
    change_match,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


async def settled(database: Database, settings: Settings, as_of: datetime = KNOWN) -> SettlementResult:
    _, result = await run_inline(database, settings, SettlementHandler, SettlementParams(as_of=as_of))
    return SettlementResult.model_validate(result)


async def kept(database: Database) -> dict[int, ModelPerformanceRow]:
    """Of the latest day, by the length of the time looked at."""
    async with database.read() as conn:
        return {row.window_days: row for row in await list_model_performance(conn, "football", limit=3)}


async def test_without_predictions_there_is_a_row_that_says_so(
    database: Database, settings: Settings
) -> None:
    await settled(database, settings)
    rows = await kept(database)
    assert sorted(rows) == [7, 30, 90]
    assert (rows[7].matches, rows[7].log_loss, rows[7].bets, rows[7].drifted) == (0, None, 0, False)
    assert rows[7].says == "7 days: no predicted match has a result"


async def test_the_last_word_before_kick_off_counts(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        match_id, model_id = await add_match(conn, score=(2, 1)), await add_model(conn, log_loss=0.98)
        await add_prediction(conn, match_id, model_id, (0.2, 0.3, 0.5))
        await add_prediction(conn, match_id, model_id, (0.6, 0.3, 0.1), as_of=KICKOFF - timedelta(hours=1))
        await add_prediction(conn, match_id, model_id, (1, 0, 0), as_of=KICKOFF)
    await settled(database, settings)
    row = (await kept(database))[7]
    assert (row.matches, row.served, row.promised_log_loss) == (1, {"ensemble 1": 1}, 0.98)
    assert row.log_loss == pytest.approx(-np.log(0.6))
    assert row.accuracy == 1.0


async def test_a_result_that_is_not_known_yet_is_not_judged(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        await add_prediction(
            conn, await add_match(conn, score=(2, 1)), await add_model(conn), (0.6, 0.3, 0.1)
        )
    await settled(database, settings, KNOWN - timedelta(seconds=1))
    assert (await kept(database))[90].matches == 0


async def test_a_result_that_was_awarded_is_not_judged(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        match_id = await add_match(conn, score=(3, 0))
        await add_prediction(conn, match_id, await add_model(conn), (0.6, 0.3, 0.1))
        await change_match(conn, match_id, status="awarded")
    await settled(database, settings)
    assert (await kept(database))[90].matches == 0


async def test_each_match_is_in_the_windows_that_it_kicked_off_in(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        model_id = await add_model(conn)
        for days_ago in (1, 20, 60, 100):
            kickoff = KICKOFF - timedelta(days=days_ago)
            match_id = await add_match(conn, f"Leeds {days_ago}", score=(2, 1), kickoff_at=kickoff)
            await add_prediction(conn, match_id, model_id, (0.6, 0.3, 0.1), as_of=kickoff - timedelta(days=1))
    await settled(database, settings)
    assert {days: row.matches for days, row in (await kept(database)).items()} == {7: 1, 30: 2, 90: 3}


async def test_the_market_is_measured_on_the_same_matches(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        model_id = await add_model(conn)
        for home in ("Leeds", "Burnley"):
            await add_prediction(conn, await add_match(conn, home, score=(2, 1)), model_id, (0.6, 0.3, 0.1))
        await add_odds(conn, "Leeds", ("average", True, KICKOFF, "2.0 3.4 4.0"))
    await settled(database, settings)
    row = (await kept(database))[30]
    assert (row.matches, row.market_matches) == (2, 1)
    assert row.market_log_loss == pytest.approx(-np.log(power(np.array([[2.0, 3.4, 4.0]]))[0, 0]))
    assert row.log_loss_beside_market == pytest.approx(-np.log(0.6))


async def test_the_bets_of_the_time_are_beside_it_but_void_and_replayed_ones_are_not(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        cancelled = await add_match(conn, "Burnley")
        await add_bet(conn, cancelled)
        await change_match(conn, cancelled, status="cancelled", updated_at=KICKOFF)
        match_id = await add_match(conn, score=(2, 1))
        await add_bet(conn, match_id)
        await add_bet(conn, match_id, "draw")
        await add_bet(conn, match_id, "away", kickoff_at=KICKOFF - timedelta(days=300))
        await add_odds(conn, "Leeds", ("average", True, KICKOFF, "2.4 3.4 3.2"))
    await settled(database, settings)
    row = (await kept(database))[7]
    fair = power(np.array([[2.4, 3.4, 3.2]]))[0]
    assert (row.bets, row.roi) == (2, 0.25)
    assert row.closing_line_value == pytest.approx((2.5 * fair[0] + 2.5 * fair[1]) / 2 - 1)
    assert row.closing_line_error == pytest.approx(2.5 * abs(fair[0] - fair[1]) / 2)


async def test_predictions_far_worse_than_promised_are_told(database: Database, settings: Settings) -> None:
    async with database.transaction() as conn:
        model_id = await add_model(conn, log_loss=0.9)
        for n in range(100):
            match_id = await add_match(conn, f"club {n}", score=(0, 1) if n % 3 else (1, 0))
            await add_prediction(conn, match_id, model_id, (0.5, 0.3, 0.2))
    result = await settled(database, settings)
    assert len(result.drift) == 3
    assert result.drift[0].startswith("7 days: log loss 1.2979 on 100 matches")
    assert "above the 0.9000 of validation" in result.drift[0]
    assert all(row.drifted for row in (await kept(database)).values())


async def test_a_later_moment_of_the_day_replaces_its_row_and_an_earlier_one_does_not(
    database: Database, settings: Settings
) -> None:
    for hours in (2, 3, 1):
        await settled(database, settings, KICKOFF + timedelta(hours=hours))
    await settled(database, settings, KICKOFF + timedelta(days=1))
    async with database.read() as conn:
        rows = await list_model_performance(conn, "football", window_days=7)
        assert await conn.scalar(text("select count(*) from model_performance")) == 6
    assert [row.as_of - KICKOFF for row in rows] == [timedelta(days=1), timedelta(hours=3)]
