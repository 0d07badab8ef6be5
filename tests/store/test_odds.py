"""Odds are stored as a source tells them now, and read as they were known at a moment."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.matches import upsert_matches
from store.odds import NewOdds, PriceRow, price_history, replace_odds
from tests.store.test_matches import FIXTURE, KICKOFF

pytestmark = pytest.mark.anyio

BEFORE = KICKOFF - timedelta(hours=12)
OPENING = NewOdds(
    league_code=FIXTURE.league_code,
    home_team=FIXTURE.home_team,
    away_team=FIXTURE.away_team,
    kickoff_at=KICKOFF,
    source="football_data",
    bookmaker="average",
    market="match_result",
    line=None,
    is_closing=False,
    known_at=BEFORE,
    prices=(Decimal("2.1"), Decimal("3.3"), Decimal("3.8")),
)
CLOSING = replace(
    OPENING, is_closing=True, known_at=KICKOFF, prices=(Decimal("1.9"), Decimal("3.4"), Decimal("4.2"))
)
GOALS = replace(OPENING, market="over_under", line=Decimal("2.5"), prices=(Decimal("1.8"), Decimal("2.05")))


async def stored(conn: AsyncConnection, *rows: NewOdds) -> int:
    await upsert_matches(conn, [FIXTURE])
    return await replace_odds(conn, rows)


async def prices(conn: AsyncConnection, as_of: datetime) -> list[PriceRow]:
    found = await price_history(conn, until=KICKOFF, as_of=as_of)
    return sorted(found, key=lambda row: row.is_closing)


async def count(conn: AsyncConnection) -> int:
    return int(await conn.scalar(text("select count(*) from match_odds")) or 0)


async def test_prices_are_those_known_at_the_moment(conn: AsyncConnection) -> None:
    await stored(conn, OPENING, CLOSING)
    assert await prices(conn, BEFORE - timedelta(seconds=1)) == []
    opening = PriceRow(1, False, 2.1, 3.3, 3.8)
    assert await prices(conn, BEFORE) == [opening]
    assert await prices(conn, KICKOFF) == [opening, PriceRow(1, True, 1.9, 3.4, 4.2)]


async def test_the_same_again_changes_nothing(conn: AsyncConnection) -> None:
    assert await stored(conn, OPENING, CLOSING, GOALS) == 3
    assert await stored(conn, OPENING, CLOSING, GOALS) == 0
    assert await count(conn) == 3


async def test_what_a_source_no_longer_says_is_gone_and_what_it_corrects_is_corrected(
    conn: AsyncConnection,
) -> None:
    await stored(conn, OPENING, CLOSING)
    corrected = replace(OPENING, prices=(Decimal("2.2"), Decimal("3.3"), Decimal("3.7")))
    assert await stored(conn, corrected) == 1
    assert await prices(conn, KICKOFF) == [PriceRow(1, False, 2.2, 3.3, 3.7)]


async def test_another_source_keeps_its_own(conn: AsyncConnection) -> None:
    await stored(conn, OPENING)
    await stored(conn, replace(OPENING, source="the_odds_api", bookmaker="pinnacle"))
    assert await count(conn) == 2


async def test_without_an_average_the_middle_of_the_bookmakers_counts(conn: AsyncConnection) -> None:
    rows = [
        replace(OPENING, bookmaker=name, prices=(Decimal(home), Decimal("3.3"), Decimal("3.8")))
        for name, home in (("bet365", "2.0"), ("pinnacle", "2.2"), ("exchange", "1.01"), ("maximum", "9"))
    ]
    await stored(conn, *rows)
    assert await prices(conn, KICKOFF) == [PriceRow(1, False, 2.0, 3.3, 3.8)]


async def test_of_one_bookmaker_the_latest_price_counts(conn: AsyncConnection) -> None:
    later = replace(
        OPENING,
        known_at=BEFORE + timedelta(hours=6),
        prices=(Decimal("2.0"), Decimal("3.4"), Decimal("4.0")),
    )
    await stored(conn, OPENING, later)
    assert await prices(conn, BEFORE) == [PriceRow(1, False, 2.1, 3.3, 3.8)]
    assert await prices(conn, KICKOFF) == [PriceRow(1, False, 2.0, 3.4, 4.0)]


async def test_prices_that_are_not_of_all_three_results_are_not_read(conn: AsyncConnection) -> None:
    await stored(conn, replace(OPENING, prices=(Decimal("2.1"), None, Decimal("3.8"))), GOALS)
    assert await prices(conn, KICKOFF) == []
    assert await count(conn) == 2


async def test_odds_of_an_unknown_match_are_left_out(conn: AsyncConnection) -> None:
    assert await stored(conn, replace(OPENING, home_team="Nobody")) == 0
