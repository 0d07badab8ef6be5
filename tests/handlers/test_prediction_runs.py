"""Each run that predicts keeps what it did, and how the month before it went."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import log

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from store.bankrolls import hold_bankroll
from store.bets import NewBet, place_bets
from store.database import Database
from store.prediction_runs import list_prediction_runs
from store.predictions import NewPrediction, save_predictions
from tests.handlers.small_league import AS_OF, offer, offered, run, settle_in

DAY = timedelta(days=1)
# A job whose predictions are there already.
BEFORE = 1_000


@pytest.fixture(autouse=True)
async def _league(database: Database, settings: Settings) -> None:
    await settle_in(database, settings)


async def test_a_run_is_kept_and_logged(database: Database, settings: Settings) -> None:
    await offered(database, offer("9.00", "9.00", "9.00"))
    with structlog.testing.capture_logs() as lines:
        job_id, _ = await run(database, settings, bet=True)
    async with database.read() as conn:
        [kept] = await list_prediction_runs(conn)
    assert (kept.job_id, kept.as_of, kept.horizon_at) == (job_id, AS_OF, AS_OF + 2 * DAY)
    assert (kept.leagues, kept.fixtures, kept.predictions, kept.picks, kept.bets) == (1, 3, 3, 1, 1)
    assert kept.seconds >= 0
    [line] = [line for line in lines if line["event"] == "prediction_run"]
    assert (line["fixtures"], line["picks"], line["bets"]) == (3, 1, 1)
    assert line["model"] == "dynamic_poisson 1"


async def test_a_run_without_a_past_has_no_figures_of_it(database: Database, settings: Settings) -> None:
    await run(database, settings)
    async with database.read() as conn:
        [kept] = await list_prediction_runs(conn)
    assert (kept.judged, kept.accuracy, kept.log_loss, kept.roi) == (0, None, None, None)


async def test_the_last_word_before_kick_off_is_judged_by_what_was_known(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        old, home_win, away_win, too_late = await _matches_before(conn)
        await conn.execute(
            text("update matches set result_known_at = :later where id = :id"),
            {"later": AS_OF + DAY, "id": too_late},
        )
        told = [
            _said(old, AS_OF - 60 * DAY, 0.0, 0.0, 1.0),
            _said(home_win, AS_OF - 31 * DAY, 0.1, 0.1, 0.8),
            _said(home_win, AS_OF - 30 * DAY, 0.5, 0.3, 0.2),
            _said(away_win, AS_OF - 30 * DAY, 0.5, 0.3, 0.2),
            _said(too_late, AS_OF - 30 * DAY, 0.0, 0.0, 1.0),
        ]
        await save_predictions(conn, BEFORE, told)
        lost = text("update matches set home_goals = 0, away_goals = 3 where id = :id")
        await conn.execute(lost, {"id": away_win})
    await run(database, settings)
    async with database.read() as conn:
        [kept] = await list_prediction_runs(conn)
    assert (kept.judged, kept.accuracy) == (2, 0.5)
    assert kept.log_loss == pytest.approx(-(log(0.5) + log(0.2)) / 2)


async def test_the_return_is_that_of_the_bankrolls_bets_settled_in_the_month(
    database: Database, settings: Settings
) -> None:
    async with database.transaction() as conn:
        await hold_bankroll(conn, "main", opening=Decimal("100.00"))
        await hold_bankroll(conn, "other", opening=Decimal("100.00"))
        match_ids = await _matches_before(conn)
        await _settled(conn, "main", match_ids[0], returned="25.00", settled_at=AS_OF - DAY)
        await _settled(conn, "main", match_ids[1], returned="0.00", settled_at=AS_OF)
        await _settled(conn, "main", match_ids[2], returned="90.00", settled_at=AS_OF - 30 * DAY)
        await _settled(conn, "main", match_ids[3], returned="90.00", settled_at=AS_OF + DAY)
        replayed, long_ago = match_ids[0] + 1, AS_OF - 300 * DAY
        await _settled(conn, "main", replayed, returned="90.00", settled_at=AS_OF, kickoff_at=long_ago)
        await _settled(conn, "other", match_ids[0], returned="90.00", settled_at=AS_OF - DAY)
    await run(database, settings)
    async with database.read() as conn:
        [kept] = await list_prediction_runs(conn)
    assert kept.roi == pytest.approx(0.25)


async def _matches_before(conn: AsyncConnection) -> list[int]:
    """The first match of all, and three home wins of the month."""
    won = text(
        "select id from matches where home_goals > away_goals and kickoff_at > :since order by id limit 3"
    )
    first = await conn.scalar(text("select min(id) from matches"))
    return [first, *(await conn.scalars(won, {"since": AS_OF - 29 * DAY}))]


def _said(match_id: int, as_of: datetime, home: float, draw: float, away: float) -> NewPrediction:
    return NewPrediction(match_id, 1, as_of, home, draw, away, "home" if home > away else "away")


async def _settled(
    conn: AsyncConnection,
    bankroll: str,
    match_id: int,
    *,
    returned: str,
    settled_at: datetime,
    kickoff_at: datetime | None = None,
) -> None:
    bet = NewBet(
        bankroll, match_id, None, "match_result", None, "home", "bet365", Decimal("2.5"), Decimal("10.00"),
        None, settled_at, kickoff_at or settled_at,
    )  # fmt: skip
    await place_bets(conn, [bet])
    await conn.execute(
        text(
            "update bets set status = 'won', returned = :returned, settled_at = :settled_at"
            " where bankroll = :bankroll and match_id = :match_id"
        ),
        {
            "returned": Decimal(returned),
            "settled_at": settled_at,
            "bankroll": bankroll,
            "match_id": match_id,
        },
    )
