"""Pages of bets, and the settled ones of a time, are read from indexes."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.bet_history import BetFilter, list_bets, settled_bets
from tests.bets import PLACED, add_bet, add_match

pytestmark = pytest.mark.anyio

# One a minute, every hundredth from another bankroll.
MANY = """
insert into bets (bankroll, match_id, market, selection, bookmaker, price, stake, placed_at, kickoff_at,
                  status, returned, settled_at)
select case when n % 100 = 0 then 'rare' else 'main' end, match_id, 'correct_score', 'n' || n, bookmaker,
       price, stake, placed_at + n * interval '1 minute', kickoff_at,
       'lost', 0, placed_at + n * interval '1 minute'
from bets, generate_series(1, 20000) n
"""


async def many_bets(conn: AsyncConnection) -> None:
    await add_bet(conn, await add_match(conn))
    await conn.execute(text("insert into bankrolls (name, opening) values ('rare', 1000)"))
    await conn.execute(text(MANY))
    await conn.execute(text("analyze bets, matches"))


async def plan_of(conn: AsyncConnection, asked: Awaitable[Any]) -> str:
    """How the server runs what is asked of it."""
    statements: list[tuple[str, Any]] = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        statements.append((statement, parameters))

    event.listen(conn.sync_connection, "before_cursor_execute", keep)
    await asked
    event.remove(conn.sync_connection, "before_cursor_execute", keep)
    [(statement, parameters)] = statements
    lines = await conn.exec_driver_sql(f"explain {statement}", parameters)
    return "\n".join(row[0] for row in lines)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(BetFilter(), "bets_placed_idx"), (BetFilter(bankroll="rare"), "bets_latest_idx")],
)
async def test_a_page_of_many_bets_is_read_from_an_index(
    conn: AsyncConnection, wanted: BetFilter, index: str
) -> None:
    await many_bets(conn)
    for after in (None, (PLACED + timedelta(hours=20), 1_200)):
        plan = await plan_of(conn, list_bets(conn, wanted, after=after))
        assert index in plan
        assert "Seq Scan on bets" not in plan
        assert "Sort" not in plan


async def test_the_bets_settled_in_a_time_are_read_from_an_index(conn: AsyncConnection) -> None:
    await many_bets(conn)
    since, until = PLACED, PLACED + timedelta(hours=20)
    plan = await plan_of(conn, settled_bets(conn, "rare", since=since, until=until, limit=1_000))
    assert "bets_settled_idx" in plan
    assert "Seq Scan on bets" not in plan
    assert len(await settled_bets(conn, "rare", since=since, until=until, limit=1_000)) == 12
