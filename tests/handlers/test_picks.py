"""What a run picks of the fixtures it predicted, at the prices known then; and what it bets, once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import Settings
from handlers.prediction_generation import PredictionGenerationHandler
from jobs.testing import held_job
from store.bankrolls import money_available
from store.database import Database
from store.predictions import league_predictions
from tests.handlers.small_league import AS_OF, FIXTURES, KICKOFF, PARAMS, offer, offered, rows, run, settle_in

LONG = ("9.00", "9.00", "9.00")
SHORT = ("1.21", "1.21", "1.21")


@pytest.fixture(autouse=True)
async def _league(database: Database, settings: Settings) -> None:
    await settle_in(database, settings)


async def picked(
    database: Database, columns: str = "home_team, selection, bookmaker"
) -> list[tuple[Any, ...]]:
    async with database.read() as conn:
        return await rows(
            conn, f"select {columns} from picks p join matches m on m.id = p.match_id order by p.id"
        )


async def bet_on(database: Database, columns: str = "home_team, selection, b.stake") -> list[tuple[Any, ...]]:
    async with database.read() as conn:
        return await rows(
            conn, f"select {columns} from bets b join matches m on m.id = b.match_id order by b.id"
        )


async def test_a_prediction_says_what_goals_to_expect(database: Database, settings: Settings) -> None:
    _, result = await run(database, settings)
    async with database.read() as conn:
        first, *others = await league_predictions(conn, "E0")
    assert result.predictions_saved == 1 + len(others) == len(FIXTURES)
    assert first.home_goals is not None
    assert first.away_goals is not None
    assert first.likely_scores is not None
    assert first.home_goals > first.away_goals > 0
    assert 0 < (first.over_2_5 or 0) < 1
    assert 0 < (first.both_to_score or 0) < 1
    assert len(first.likely_scores) == 6


async def test_a_price_above_the_fair_one_is_picked_with_a_reason(
    database: Database, settings: Settings
) -> None:
    await offered(database, offer("3.00", "3.00", "3.00"))
    _, result = await run(database, settings)
    [(home, selection, price, stake, why)] = await picked(database, "home_team, selection, price, stake, why")
    assert (home, selection, price, result.picks, result.bets) == ("Ayr", "home", Decimal("3.000"), 1, 0)
    assert stake == Decimal("20.00")  # 2% of the bankroll of 1000 that would be opened
    assert why.startswith("home win at 3.00 with bet365: probability ")
    assert await bet_on(database) == []


async def test_goals_are_bet_on_as_well(database: Database, settings: Settings) -> None:
    await offered(database, offer("1.21", "9.00"))
    await run(database, settings)
    assert await picked(database, "selection, line") == [("under", Decimal("2.50"))]


async def test_a_price_is_only_what_a_bookmaker_was_known_to_pay(
    database: Database, settings: Settings
) -> None:
    await offered(
        database,
        offer(*SHORT),
        offer(*LONG, bookmaker="maximum"),
        offer(*LONG, bookmaker="average"),
        offer(*LONG, bookmaker="late", known_at=AS_OF + timedelta(seconds=1)),
        offer(*LONG, known_at=AS_OF + timedelta(seconds=1)),
        offer(*LONG, bookmaker="closing", is_closing=True),
        offer(*LONG, known_at=AS_OF - timedelta(hours=2)),
    )
    await run(database, settings, minimum_edge=-1, staking="flat", stake="5.00")
    assert await picked(database, "bookmaker, price") == [("bet365", Decimal("1.210"))]


async def test_the_average_stands_where_no_bookmaker_was_read(database: Database, settings: Settings) -> None:
    await offered(
        database,
        offer(*LONG, bookmaker="average"),
        offer(*LONG, bookmaker="average", at=FIXTURES[1]),
        offer(*SHORT, at=FIXTURES[1]),
    )
    await run(database, settings)
    assert await picked(database) == [("Ayr", "home", "average")]


async def test_a_bookmakers_old_price_does_not_hide_the_fresh_average(
    database: Database, settings: Settings
) -> None:
    long_ago = AS_OF - timedelta(hours=25)
    await offered(database, offer(*SHORT, known_at=long_ago), offer(*LONG, bookmaker="average"))
    await run(database, settings)
    assert await picked(database) == [("Ayr", "home", "average")]


@pytest.mark.parametrize("status", ["postponed", "cancelled"])
async def test_nothing_is_picked_of_a_match_that_is_called_off(
    database: Database, settings: Settings, status: str
) -> None:
    await offered(database, offer(*LONG), offer(*LONG, at=FIXTURES[1]))
    async with database.transaction() as conn:
        await conn.execute(
            text("update matches set status = :status where home_team = 'Ayr' and away_team = 'Bath'"),
            {"status": status},
        )
    await run(database, settings)
    assert await picked(database) == [("Cork", "home", "bet365")]


async def test_bets_are_placed_from_a_bankroll_that_is_opened(database: Database, settings: Settings) -> None:
    await offered(database, offer("3.00", "3.00", "3.00"))
    _, result = await run(database, settings, bet=True, bankroll="tests", opening_bankroll="500.00")
    columns = "bankroll, selection, stake, price, placed_at, b.kickoff_at, b.status"
    assert await bet_on(database, columns) == [
        ("tests", "home", Decimal("10.00"), Decimal("3.000"), AS_OF, KICKOFF, "open")
    ]
    assert (result.picks, result.bets) == (1, 1)
    async with database.read() as conn:
        assert await money_available(conn, "tests", AS_OF) == Decimal("490.00")


async def test_money_is_what_there_was_at_the_moment(database: Database, settings: Settings) -> None:
    await offered(database, offer("3.00", "3.00", "3.00"))
    await run(database, settings, bet=True, bankroll="tests", opening_bankroll="500.00")
    settled_at = KICKOFF + timedelta(days=1)
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into bet_settlements"
                " (bet_id, settled_at, status, returned, difference, ending, why, job_id)"
                " select id, :settled_at, 'won', 30, 30, 'played', 'a test', 1 from bets"
            ),
            {"settled_at": settled_at},
        )
        moments = (AS_OF - timedelta(seconds=1), AS_OF, settled_at)
        money = [await money_available(conn, "tests", moment) for moment in moments]
    assert money == [Decimal("500.00"), Decimal("490.00"), Decimal("520.00")]


async def test_the_same_run_again_changes_no_pick_and_no_bet(database: Database, settings: Settings) -> None:
    await offered(database, offer(*LONG), offer("1.30", "9.00"), offer(*LONG, at=FIXTURES[1]))
    _, first = await run(database, settings, bet=True)
    everything = "p.id, m.id, selection, p.stake, why"
    before = await picked(database, everything), await bet_on(database)
    _, again = await run(database, settings, bet=True)
    assert (await picked(database, everything), await bet_on(database)) == before
    assert (first.picks, first.bets) == (again.picks, again.bets)
    assert first.bets == len(before[1]) > 2


async def test_a_job_that_is_repeated_later_still_tells_what_it_bet(
    database: Database, settings: Settings
) -> None:
    await offered(database, offer(*LONG), offer(*LONG, at=FIXTURES[1]))
    job = await held_job(database, settings, PredictionGenerationHandler, PARAMS)
    handler = PredictionGenerationHandler()
    params = PARAMS.model_copy(update={"bet": True})
    first = await handler.run(params, job)
    later = params.model_copy(update={"as_of": AS_OF + timedelta(minutes=5)})
    again = await handler.run(later, job)
    assert (again.picks, again.bets) == (first.picks, first.bets) == (2, 2)
    assert len(await bet_on(database)) == 2


async def test_a_job_that_is_repeated_later_leaves_nothing_twice(
    database: Database, settings: Settings
) -> None:
    await offered(database, offer(*LONG))
    job = await held_job(database, settings, PredictionGenerationHandler, PARAMS)
    later = AS_OF + timedelta(minutes=5)
    for as_of in (AS_OF, later):
        params = PARAMS.model_copy(update={"as_of": as_of, "return_predictions": True})
        result = await PredictionGenerationHandler().run(params, job)
    assert result.picks == 1
    assert len(result.predictions or []) == result.predictions_saved == len(FIXTURES)
    assert await picked(database, "p.as_of") == [(later,)]


async def test_without_bets_picks_of_the_same_moment_are_replaced(
    database: Database, settings: Settings
) -> None:
    await offered(database, offer(*LONG))
    await run(database, settings)
    await offered(database, offer(*LONG, bookmaker="pinnacle"))
    await run(database, settings)
    assert await picked(database) == [("Ayr", "home", "pinnacle")]


async def test_what_was_bet_on_stays_when_its_price_is_corrected(
    database: Database, settings: Settings
) -> None:
    await offered(database, offer(*LONG))
    await run(database, settings, bet=True)
    await offered(database, offer("1.21", "9.00", "9.00"))
    _, again = await run(database, settings, bet=True)
    assert await picked(database) == [("Ayr", "home", "bet365")]
    assert (again.picks, again.bets) == (1, 1)


async def test_a_bankroll_bets_on_a_selection_once(database: Database, settings: Settings) -> None:
    await offered(database, offer(*LONG))
    await run(database, settings, bet=True)
    _, later = await run(database, settings, bet=True, as_of=AS_OF + timedelta(hours=1))
    _, other = await run(database, settings, bet=True, as_of=AS_OF + timedelta(hours=1), bankroll="other")
    assert (later.picks, later.bets) == (0, 0)
    assert (other.picks, other.bets) == (1, 1)
    assert await bet_on(database, "bankroll, selection") == [("main", "home"), ("other", "home")]


async def test_what_is_staked_on_the_day_counts_towards_its_cap(
    database: Database, settings: Settings
) -> None:
    capped = {"bet": True, "staking": "flat", "stake": "15.00", "day_cap": "0.02"}
    await offered(database, offer(*LONG))
    await run(database, settings, **capped)
    await offered(database, offer(*LONG, at=FIXTURES[1], known_at=AS_OF))
    await run(database, settings, **capped, as_of=AS_OF + timedelta(hours=2))
    await offered(database, offer(*LONG, at=FIXTURES[2], known_at=AS_OF))
    await run(database, settings, **capped, as_of=AS_OF + timedelta(hours=7))
    # 2% of what is not at stake, 985.00, less the 15.00 of the same day; then midnight has passed
    assert await bet_on(database) == [
        ("Ayr", "home", Decimal("15.00")),
        ("Cork", "home", Decimal("4.70")),
        ("Ely", "home", Decimal("15.00")),
    ]


async def test_what_is_staked_on_the_match_counts_towards_its_cap(
    database: Database, settings: Settings
) -> None:
    capped = {"bet": True, "staking": "flat", "stake": "15.00", "match_cap": "0.02"}
    await offered(database, offer(*LONG))
    await run(database, settings, **capped)
    await offered(database, offer(*LONG), offer("9.00", "9.00"))
    await run(database, settings, **capped, as_of=AS_OF + timedelta(hours=10))
    assert [stake for *_, stake in await bet_on(database)] == [Decimal("15.00"), Decimal("4.70")]


async def test_a_bankroll_without_money_bets_nothing(database: Database, settings: Settings) -> None:
    await offered(database, offer(*LONG))
    _, result = await run(database, settings, bet=True, opening_bankroll="10.00")
    assert (result.picks, await bet_on(database)) == (0, [])
