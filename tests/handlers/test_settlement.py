"""Bets are settled by what was known at a moment: once, in the open, and again when a result is corrected."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import func, select, text

from betting.overround import power
from config.settings import Settings
from handlers.settlement import SettlementHandler, SettlementParams, SettlementResult
from handlers.steps.scope import NotYet
from handlers.steps.settle import BATCH, settle_bets
from jobs.handler import JobParams
from jobs.service import AlreadyActive
from jobs.testing import held_job, run_inline
from store.database import Database
from store.tables.betting import bet_settlements
from tests.bets import (
    KICKOFF,
    KNOWN,
    PLACED,
    add_bet,
    add_match,
    add_odds,
    bet_row,
    change_match,
    end_match,
    trail,
)
from tests.engine import NoopHandler

pytestmark = pytest.mark.anyio

TOO_LATE = KICKOFF + timedelta(hours=48, seconds=1)
CLOSE = ("bet365", True, KICKOFF, "2.4 3.4 3.2")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


class Settling:
    """The job and its database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self._settings = settings

    async def __call__(self, as_of: datetime | None = KNOWN) -> SettlementResult:
        params = SettlementParams(as_of=as_of)
        _, result = await run_inline(self.database, self._settings, SettlementHandler, params)
        return SettlementResult.model_validate(result)


@pytest.fixture
def settling(database: Database, settings: Settings) -> Settling:
    return Settling(database, settings)


async def one_bet(database: Database, selection: str = "home", score: tuple[int, int] | None = None) -> int:
    async with database.transaction() as conn:
        return await add_bet(conn, await add_match(conn, score=score), selection)


async def test_bets_are_won_and_lost_when_the_result_is_known(settling: Settling) -> None:
    async with settling.database.transaction() as conn:
        match_id = await add_match(conn, score=(2, 1))
        won, lost = await add_bet(conn, match_id, "home"), await add_bet(conn, match_id, "draw")
    before = await settling(KNOWN - timedelta(seconds=1))
    after = await settling()
    assert (before.settled, before.bankrolls) == (0, {"main": Decimal("1000.00")})
    assert (after.settled, after.won, after.lost, after.profit) == (2, 1, 1, Decimal("5.00"))
    assert after.bankrolls == {"main": Decimal("1005.00")}
    async with settling.database.read() as conn:
        bet = await bet_row(conn, won)
        assert (bet.status, bet.returned, bet.profit) == ("won", Decimal("25.00"), Decimal("15.00"))
        assert bet.settled_at == KNOWN
        assert await trail(conn, lost) == [
            ("lost", Decimal("0.00"), Decimal("0.00"), "played", "draw: lost at 2-1")
        ]


async def test_a_bet_that_was_placed_later_does_not_exist_yet(settling: Settling) -> None:
    async with settling.database.transaction() as conn:
        await add_bet(conn, await add_match(conn, score=(2, 1)), placed_at=KNOWN + timedelta(hours=1))
    assert (await settling()).settled == 0


async def test_settling_again_changes_nothing(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    await settling()
    again = await settling(KNOWN + timedelta(days=1))
    assert (again.settled, again.corrected, again.profit) == (0, 0, Decimal("0.00"))
    async with settling.database.read() as conn:
        assert len(await trail(conn, bet_id)) == 1


async def test_a_corrected_result_settles_again_with_the_difference(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await end_match(conn, 1, (1, 1))
    corrected = await settling(KNOWN + timedelta(days=1))
    assert (corrected.settled, corrected.corrected) == (0, 1)
    assert (corrected.profit, corrected.bankrolls["main"]) == (Decimal("-25.00"), Decimal("990.00"))
    async with settling.database.read() as conn:
        bet = await bet_row(conn, bet_id)
        assert (bet.status, bet.profit, bet.settled_at) == ("lost", Decimal("-10.00"), KNOWN)
        paid = [(row.status, row.difference) for row in await trail(conn, bet_id)]
    assert paid == [("won", Decimal("25.00")), ("lost", Decimal("-25.00"))]


async def test_a_corrected_score_that_decides_the_same_is_in_the_trail(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await end_match(conn, 1, (3, 1))
    runs = [await settling(KNOWN + timedelta(days=days)) for days in (1, 2)]
    assert [(run.confirmed, run.corrected) for run in runs] == [(1, 0), (0, 0)]
    async with settling.database.read() as conn:
        told = [(row.difference, row.why) for row in await trail(conn, bet_id)]
    assert told == [(Decimal("25.00"), "home win: won at 2-1"), (Decimal("0.00"), "home win: won at 3-1")]


async def test_a_result_that_is_awarded_later_does_not_undo_what_was_played(settling: Settling) -> None:
    await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, home_goals=0, away_goals=3, status="awarded")
    assert (await settling(TOO_LATE)).corrected == 0


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
async def test_a_match_that_may_still_be_played_in_time_is_waited_for(
    settling: Settling, status: str
) -> None:
    bet_id = await one_bet(settling.database)
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, status=status)
    assert (await settling(TOO_LATE - timedelta(seconds=1))).settled == 0
    late = await settling(TOO_LATE)
    assert (late.void, late.profit, late.bankrolls["main"]) == (1, Decimal("0.00"), Decimal("1000.00"))
    async with settling.database.read() as conn:
        assert [(row.ending, row.returned) for row in await trail(conn, bet_id)] == [
            (status, Decimal("10.00"))
        ]


async def test_a_match_that_was_moved_too_far_is_void_though_it_is_played(settling: Settling) -> None:
    await one_bet(settling.database)
    moved_to = KICKOFF + timedelta(days=30)
    async with settling.database.transaction() as conn:
        await add_match(conn, kickoff_at=moved_to)  # as a source does it: the same fixture, on another day
    assert (await settling(TOO_LATE - timedelta(seconds=1))).void == 0
    assert (await settling(TOO_LATE)).void == 1
    async with settling.database.transaction() as conn:
        await end_match(conn, 1, (2, 1))
    played = await settling(moved_to + timedelta(hours=2))
    assert (played.corrected, played.confirmed) == (0, 1)


async def test_a_match_that_was_moved_by_a_day_counts(settling: Settling) -> None:
    await one_bet(settling.database)
    async with settling.database.transaction() as conn:
        await add_match(conn, kickoff_at=KICKOFF + timedelta(days=1), score=(2, 1))
    assert (await settling(KNOWN + timedelta(days=1))).won == 1


@pytest.mark.parametrize(("time_known", "void"), [(True, 1), (False, 0)])
async def test_a_bet_that_was_placed_after_the_real_kickoff_is_void(
    settling: Settling, time_known: bool, void: int
) -> None:
    await one_bet(settling.database, score=(2, 1))
    began = {"kickoff_at": PLACED - timedelta(hours=3), "kickoff_time_known": time_known}
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, **began)
    assert (await settling()).void == void


async def test_a_kickoff_that_is_corrected_later_undoes_what_was_bet_after_it(settling: Settling) -> None:
    await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, kickoff_at=PLACED - timedelta(hours=3))
    undone = await settling(KNOWN + timedelta(days=1))
    assert (undone.corrected, undone.profit) == (1, Decimal("-15.00"))
    assert (await settling(KNOWN + timedelta(days=2))).corrected == 0


async def test_a_cancelled_match_is_void_at_once(settling: Settling) -> None:
    await one_bet(settling.database)
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, status="cancelled", updated_at=PLACED + timedelta(hours=1))
    assert (await settling(PLACED + timedelta(hours=1))).void == 1


async def test_a_match_that_is_broken_off_after_all_is_void(settling: Settling) -> None:
    await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await change_match(conn, 1, status="abandoned")
    undone = await settling(TOO_LATE)
    assert (undone.corrected, undone.profit) == (1, Decimal("-15.00"))


async def test_the_closing_price_is_kept_with_the_bet(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    async with settling.database.transaction() as conn:
        await add_odds(conn, "Leeds", CLOSE, ("average", True, KICKOFF, "2.2 3.5 3.4"))
    await settling()
    async with settling.database.read() as conn:
        bet = await bet_row(conn, bet_id)
    assert bet.closing_price == Decimal("2.400")
    assert bet.closing_probability == pytest.approx(power(np.array([[2.2, 3.5, 3.4]]))[0, 0])


async def test_a_close_that_was_not_known_at_the_moment_is_not_used(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    async with settling.database.transaction() as conn:
        await add_odds(conn, "Leeds", ("bet365", True, KNOWN + timedelta(hours=1), "2.4 3.4 3.2"))
    await settling()
    async with settling.database.read() as conn:
        assert (await bet_row(conn, bet_id)).closing_price is None
    assert (await settling(KNOWN + timedelta(hours=1))).closing_prices == 1


async def test_a_closing_price_that_comes_later_is_added_and_stays(settling: Settling) -> None:
    bet_id = await one_bet(settling.database, score=(2, 1))
    first = await settling()
    async with settling.database.transaction() as conn:
        await add_odds(conn, "Leeds", CLOSE)
    second = await settling(KNOWN + timedelta(days=2))
    async with settling.database.transaction() as conn:
        await add_odds(conn, "Leeds", ("bet365", True, KICKOFF, "9 9 9"))
    third = await settling(KNOWN + timedelta(days=3))
    assert [run.closing_prices for run in (first, second, third)] == [0, 1, 0]
    async with settling.database.read() as conn:
        assert (await bet_row(conn, bet_id)).closing_price == Decimal("2.400")


async def test_old_bets_without_a_close_are_not_looked_at_for_ever(settling: Settling) -> None:
    await one_bet(settling.database, score=(2, 1))
    await settling()
    async with settling.database.transaction() as conn:
        await add_odds(conn, "Leeds", CLOSE)
    assert (await settling(KNOWN + timedelta(days=15))).closing_prices == 0


async def test_a_bet_on_nothing_that_exists_keeps_no_other_open(settling: Settling) -> None:
    async with settling.database.transaction() as conn:
        match_id = await add_match(conn, score=(2, 1))
        await add_bet(conn, match_id, "homme")
        await add_bet(conn, match_id, "home")
    result = await settling()
    assert (result.settled, result.won, result.refused) == (1, 1, 1)


async def test_bets_without_a_result_for_days_are_told(settling: Settling) -> None:
    await one_bet(settling.database)
    assert (await settling(KICKOFF + timedelta(days=5))).overdue == 1
    assert (await settling(KICKOFF + timedelta(days=4))).overdue == 0


async def test_a_moment_that_has_not_come_is_refused(settling: Settling) -> None:
    with pytest.raises(NotYet):
        await settling(datetime.now(KICKOFF.tzinfo) + timedelta(hours=1))


async def test_two_settlements_are_never_queued_together(database: Database, settings: Settings) -> None:
    await held_job(database, settings, SettlementHandler, SettlementParams())
    with pytest.raises(AlreadyActive):
        await held_job(database, settings, SettlementHandler, SettlementParams(as_of=KNOWN))


async def test_two_that_run_at_once_all_the_same_settle_each_bet_once(
    database: Database, settings: Settings
) -> None:
    bets = BATCH + 100
    async with database.transaction() as conn:
        match_id = await add_match(conn, score=(2, 1))
        await add_bet(conn, match_id)
        await conn.execute(
            text(
                "insert into bets"
                " (bankroll, match_id, market, selection, bookmaker, price, stake, placed_at, kickoff_at)"
                " select 'main', match_id, 'correct_score', n / 50 || '-' || n % 50, bookmaker, price, stake,"
                " placed_at, kickoff_at from bets, generate_series(2, :bets) n"
            ),
            {"bets": bets},
        )
    jobs = [await held_job(database, settings, NoopHandler, JobParams()) for _ in range(3)]
    runs = await asyncio.gather(*(settle_bets(job, KNOWN) for job in jobs))
    assert sum(run.by_status.total() for run in runs) == bets
    assert sum(run.corrected for run in runs) == 0
    async with database.read() as conn:
        assert await conn.scalar(select(func.count()).select_from(bet_settlements)) == bets
