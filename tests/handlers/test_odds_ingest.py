"""Odds and scores of The Odds API, through a real job: they come to the matches that are there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stamina
from sqlalchemy import text

from store.database import Database
from tests.handlers.live import (
    ODDS,
    csv_line,
    in_days,
    ingested,
    iso,
    live_settings,
    odds_tells,
    stored,
    write_csv,
)
from tests.providers.answers import as_body, bookmaker, odds_market, scored_event
from tests.providers.web import Answer, WebServer, running

pytestmark = pytest.mark.anyio
SCORES = "/odds/sports/soccer_epl/scores"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server, stamina.set_testing(True, attempts=1):
        yield server


def prices(home: float) -> dict[str, object]:
    outcomes = [("Arsenal", home), ("Draw", 3.6), ("Chelsea", 4.1)]
    told = [{"name": name, "price": price} for name, price in outcomes]
    return bookmaker(odds_market("h2h", told, last_update=f"{in_days(-1):%Y-%m-%dT%H:%M:%SZ}"))


@pytest.mark.parametrize("days_off", [-1, 0, 1])
async def test_odds_come_to_the_match_that_is_there(
    database: Database, web: WebServer, tmp_path: Path, days_off: int
) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(4), "Arsenal", "Chelsea"))
    settings = live_settings(database.url, web, football_data=folder, the_odds_api_key="key")
    odds_tells(web, in_days(4 + days_off), "Arsenal", "Chelsea", prices(1.95))
    counts = await ingested(database, settings)
    assert len(await stored(database)) == 1
    assert counts["sources"]["the_odds_api"]["odds_changed"] == 1
    async with database.read() as conn:
        odds = (await conn.execute(text("select source, bookmaker, prices[1] from match_odds"))).one()
    assert (odds[0], odds[1], float(odds[2])) == ("the_odds_api", "pinnacle", 1.95)


async def test_a_price_that_moved_is_added_to_those_before(
    database: Database, web: WebServer, tmp_path: Path
) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(4), "Arsenal", "Chelsea"))
    settings = live_settings(database.url, web, football_data=folder, the_odds_api_key="key")
    added = []
    for hours, price in ((30, 1.95), (20, 1.95), (10, 1.8)):
        told = f"{in_days(0) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        market = odds_market("h2h", prices(price)["markets"][0]["outcomes"], last_update=told)  # type: ignore[index]
        odds_tells(web, in_days(4), "Arsenal", "Chelsea", bookmaker(market))
        added.append((await ingested(database, settings))["odds_changed"])
    assert added == [1, 0, 1]


async def test_no_credits_are_spent_on_leagues_that_nobody_has(database: Database, web: WebServer) -> None:
    settings = live_settings(database.url, web, the_odds_api_key="key")
    counts = await ingested(database, settings)
    assert "name leagues" in counts["skipped"]["the_odds_api"]
    assert web.requests == []


async def test_scores_are_paid_for_only_where_a_result_is_missing(
    database: Database, web: WebServer, tmp_path: Path
) -> None:
    began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=5)
    folder = write_csv(tmp_path, csv_line(began, "Tottenham", "Chelsea"))
    web.answer(ODDS, Answer(body=b"[]"))
    web.answer(SCORES, Answer(body=as_body([scored_event(commence_time=iso(began))])))
    settings = live_settings(database.url, web, football_data=folder, the_odds_api_key="key")
    for _ in range(2):
        await ingested(database, settings)
    assert web.asked == [ODDS, SCORES, ODDS]
    assert await stored(database) == [("Tottenham Hotspur", "Chelsea", 2, 1, "played", "football_data")]
