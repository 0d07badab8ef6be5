"""The newest picks are read without reading all of them."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from store.database import Database
from store.matches import upsert_matches
from store.models import add_version
from tests.store.test_matches import FIXTURE
from tests.store.test_models import NEW

pytestmark = pytest.mark.anyio

MANY = """
    insert into picks (match_id, model_id, as_of, market, selection, bookmaker, price, price_known_at,
                       probability, edge, kelly, stake, stake_limit, why, job_id)
    select 1 + n % 2, 1, timestamptz '2020-01-01' + n / 10 * interval '1 hour', 'correct_score',
           n % 10 || '-0', 'bet365', 2, '2019-01-01', 0.5, 0, 0, 1, 'none', 'a test', 1
    from generate_series(1, 20000) n
"""
# As list_picks and held_bets write it.
PAGE = """
    explain select p.id, m.kickoff_at, r.name
    from picks p join matches m on m.id = p.match_id join model_registry r on r.id = p.model_id
    where m.kickoff_at >= '2020-01-01' and (p.as_of, p.id) < ('2021-01-01', 9000)
    order by p.as_of desc, p.id desc limit 50
"""
OF_A_RUN = "explain select id from picks where model_id = 1 and as_of = '2020-02-01' and match_id in (1, 2)"


@pytest.mark.parametrize(
    ("statement", "index"), [(PAGE, "picks_latest_idx"), (OF_A_RUN, "picks_")], ids=["page", "of a run"]
)
async def test_picks_are_found_by_an_index(database: Database, statement: str, index: str) -> None:
    async with database.transaction() as conn:
        await upsert_matches(conn, [FIXTURE, replace(FIXTURE, away_team="Burnley")])
        await add_version(conn, NEW)
        await conn.execute(text(MANY))
        await conn.execute(text("analyze picks"))
        lines = "\n".join(await conn.scalars(text(statement)))
    assert index in lines
    assert "Seq Scan on picks" not in lines
