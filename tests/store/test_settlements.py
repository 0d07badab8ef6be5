"""What there is to settle is found by indexes, however many bets were settled before."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from betting.settlement import PLAYED_WITHIN
from store.database import Database
from store.queries import query_text
from store.settlements import NewSettlement, bankrolls_at, bets_to_correct, save_settlements, settlements_of
from tests.bets import KICKOFF, KNOWN, PLACED, add_bet, add_match, bet_row, change_match, end_match

pytestmark = pytest.mark.anyio

# A match and a bet on it every day; all but the last hundred are settled.
MANY = """
with played as (
    insert into matches (league_code, season, kickoff_at, kickoff_time_known, home_team, away_team,
                         home_goals, away_goals, result_known_at, source, status)
    select 'E0', '2021-22', k, true, 'a', 'b', 1, 0, k + interval '2 hours', 'test', 'played'
    from (select cast(:kickoff as timestamptz) + n * interval '1 day' as k
          from generate_series(1, 20000) n) days
    returning id, kickoff_at
), placed as (
    insert into bets (bankroll, match_id, market, selection, bookmaker, price, stake, placed_at, kickoff_at,
                      status, returned, settled_at)
    select 'main', id, 'match_result', 'home', 'x', 2, 10, kickoff_at - interval '1 day', kickoff_at,
           case when id > 19900 then 'open' else 'won' end, case when id <= 19900 then 20 end,
           case when id <= 19900 then kickoff_at + interval '2 hours' end
    from played
    returning id, settled_at
)
insert into bet_settlements (bet_id, settled_at, status, returned, difference, ending, home_goals,
                             away_goals, why, job_id)
select id, settled_at, 'won', 20, 20, 'played', 1, 0, 'won', 1 from placed where settled_at is not null
"""


async def many_bets(conn: AsyncConnection) -> None:
    await conn.execute(text("insert into bankrolls (name, opening) values ('main', 1000)"))
    await conn.execute(text(MANY), {"kickoff": KICKOFF})
    await conn.execute(text("analyze matches, bets, bet_settlements"))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("settleable_bets", "bets_open_idx"),
        ("bets_to_correct", "bets_settled_lately_idx"),
        ("bets_without_close", "bets_settled_lately_idx"),
    ],
)
async def test_what_there_is_to_do_is_read_from_an_index(
    conn: AsyncConnection, name: str, index: str
) -> None:
    await many_bets(conn)
    values = {
        "as_of": KICKOFF + timedelta(days=19_900),
        "since": KICKOFF + timedelta(days=19_850),
        "played_within": PLAYED_WITHIN,
    }
    plan = "\n".join(await conn.scalars(text(f"explain {query_text(name)}"), values))
    assert index in plan
    assert "Seq Scan on bets" not in plan


async def test_bets_settled_at_a_later_moment_are_not_corrected_by_an_earlier_one(
    conn: AsyncConnection,
) -> None:
    bet_id = await add_bet(conn, await add_match(conn, score=(2, 1)))
    await save_settlements(conn, 1, KNOWN, [settlement(bet_id, "won", "25.00", "25.00")])
    await end_match(conn, 1, (1, 1))
    long_ago = KNOWN - timedelta(days=90)
    assert await bets_to_correct(conn, KNOWN - timedelta(seconds=1), long_ago) == []
    assert await bets_to_correct(conn, KNOWN, long_ago) == [bet_id]
    assert await bets_to_correct(conn, KNOWN, KNOWN) == []


@pytest.mark.parametrize(
    ("status", "ending", "match_status"),
    [
        ("won", "played", "awarded"),
        ("void", "postponed", "awarded"),
        ("void", "abandoned", "abandoned"),
        ("void", "played", "played"),
    ],
)
async def test_what_is_settled_for_good_is_not_looked_at_again(
    conn: AsyncConnection, status: str, ending: str, match_status: str
) -> None:
    bet_id = await add_bet(conn, await add_match(conn, score=(0, 3)))
    await change_match(conn, 1, status=match_status)
    await save_settlements(conn, 1, KNOWN, [replace(settlement(bet_id, status, "0", "0"), ending=ending)])
    assert await bets_to_correct(conn, KNOWN, PLACED) == []


async def test_a_bankroll_is_what_was_paid_by_then(conn: AsyncConnection) -> None:
    bet_id = await add_bet(conn, await add_match(conn, score=(2, 1)))
    later = KNOWN + timedelta(days=1)
    await save_settlements(conn, 1, KNOWN, [settlement(bet_id, "won", "25.00", "25.00")])
    await save_settlements(conn, 2, later, [settlement(bet_id, "lost", "0.00", "-25.00")])
    found = [await bankrolls_at(conn, moment) for moment in (KNOWN - timedelta(seconds=1), KNOWN, later)]
    assert [bankrolls["main"] for bankrolls in found] == [Decimal(1000), Decimal(1015), Decimal(990)]


async def test_one_bankroll_is_told_without_the_others(conn: AsyncConnection) -> None:
    match_id = await add_match(conn, score=(2, 1))
    for name in ("main", "other"):
        bet_id = await add_bet(conn, match_id, bankroll=name)
        await save_settlements(conn, 1, KNOWN, [settlement(bet_id, "won", "25.00", "25.00")])
    assert await bankrolls_at(conn, KNOWN, "other") == {"other": Decimal(1015)}
    assert await bankrolls_at(conn, KNOWN) == {"main": Decimal(1015), "other": Decimal(1015)}


async def test_money_is_kept_to_the_cent(database: Database) -> None:
    async with database.transaction() as conn:
        bet_id = await add_bet(conn, await add_match(conn, score=(2, 1)), stake=Decimal("9999999999.99"))
        await save_settlements(
            conn, 1, KNOWN, [settlement(bet_id, "won", "99999999999.97", "99999999999.97")]
        )
    async with database.read() as conn:
        [kept] = await settlements_of(conn, bet_id)
        assert kept.difference == Decimal("99999999999.97")
        assert (await bet_row(conn, bet_id)).profit == Decimal("89999999999.98")


def settlement(bet_id: int, status: str, returned: str, difference: str) -> NewSettlement:
    amounts = (Decimal(returned), Decimal(difference))
    return NewSettlement(bet_id, status, *amounts, "played", 2, 1, "because", None, None)
