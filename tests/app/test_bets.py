"""Bets over HTTP: the list, each with its trail, and what they brought."""

from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.routes import bets as bets_route
from store.database import Database
from store.settlements import NewSettlement, save_settlements
from tests.bets import KNOWN, PLACED, add_bet, add_match

pytestmark = pytest.mark.anyio


async def settle(
    conn: AsyncConnection, bet_id: int, status: str, returned: str, close: str | None = None, day: int = 0
) -> None:
    amount = Decimal(returned)
    closing = (None, None) if close is None else (Decimal(close), 0.42)
    new = NewSettlement(bet_id, status, amount, amount, "played", 2, 1, "because", *closing)
    await save_settlements(conn, 7, KNOWN + timedelta(days=day), [new])


async def some_bets(database: Database) -> list[int]:
    """Two matches of two leagues: one bet won at a better price than the close, one lost, one open."""
    async with database.transaction() as conn:
        english = await add_match(conn, score=(2, 1))
        german = await add_match(conn, "Bayern", league="D1", score=(0, 0))
        won = await add_bet(conn, english, probability=0.45)
        lost = await add_bet(
            conn,
            german,
            "over",
            market="over_under",
            line=Decimal("2.5"),
            placed_at=PLACED + timedelta(hours=1),
        )
        still_open = await add_bet(conn, german, "draw", placed_at=PLACED + timedelta(hours=2))
        await settle(conn, won, "won", "25.00", close="2.40")
        await settle(conn, lost, "lost", "0.00", day=30)
    return [won, lost, still_open]


async def shown(client: httpx2.AsyncClient, query: str = "") -> list[int]:
    answer = await client.get(f"/api/bets{query}")
    assert answer.status_code == 200, answer.text
    return [bet["id"] for bet in answer.json()["items"]]


async def test_a_bet_shows_its_money_to_the_cent(client: httpx2.AsyncClient, database: Database) -> None:
    won, _, _ = await some_bets(database)
    bet = (await client.get(f"/api/bets/{won}")).json()
    assert bet["match"].items() >= {"league": "E0", "home_team": "Leeds", "home_goals": 2}.items()
    assert (bet["price"], bet["stake"], bet["returned"], bet["profit"]) == ("2.50", "10.00", "25.00", "15.00")
    assert (bet["status"], bet["settled_at"]) == ("won", "2021-08-14T16:00:00Z")
    assert bet["closing"]["price"] == "2.40"
    assert bet["closing"]["raw"] == pytest.approx(2.5 / 2.4 - 1)
    assert bet["closing"]["fair"] == pytest.approx(2.5 * 0.42 - 1)


async def test_a_bet_shows_its_trail(client: httpx2.AsyncClient, database: Database) -> None:
    won, _, still_open = await some_bets(database)
    [settlement] = (await client.get(f"/api/bets/{won}")).json()["settlements"]
    assert settlement == {
        "settled_at": "2021-08-14T16:00:00Z", "status": "won", "returned": "25.00", "difference": "25.00",
        "ending": "played", "home_goals": 2, "away_goals": 1, "why": "because", "job_id": 7,
    }  # fmt: skip
    unsettled = (await client.get(f"/api/bets/{still_open}")).json()
    assert (unsettled["settlements"], unsettled["profit"], unsettled["closing"]) == ([], None, None)


async def test_bets_are_listed_from_the_last_and_by_filter(
    client: httpx2.AsyncClient, database: Database
) -> None:
    won, lost, still_open = await some_bets(database)
    assert await shown(client) == [still_open, lost, won]
    assert await shown(client, "?league=d1&status=open") == [still_open]
    assert await shown(client, "?status=won&status=lost") == [lost, won]
    assert await shown(client, "?bankroll=other") == []
    assert await shown(client, "?from=2021-08-13T15:00:00Z&to=2021-08-13T16:00:00Z") == [lost]


async def test_the_list_goes_on_where_the_page_ended(client: httpx2.AsyncClient, database: Database) -> None:
    async with database.transaction() as conn:
        match_id = await add_match(conn)
        ids = [await add_bet(conn, match_id, name) for name in ("home", "draw", "away")]
    first = await client.get("/api/bets?limit=2&bankroll=main")
    assert [bet["id"] for bet in first.json()["items"]] == [ids[2], ids[1]]
    assert first.headers["link"].startswith("</api/bets?limit=2&bankroll=main&cursor=")
    rest = (await client.get(f"/api/bets?limit=2&cursor={first.json()['next_cursor']}")).json()
    assert ([bet["id"] for bet in rest["items"]], rest["next_cursor"]) == ([ids[0]], None)


async def test_performance_shows_closing_line_and_calibration_first(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await some_bets(database)
    told = (await client.get("/api/bets/performance")).json()
    overall = told["overall"]
    assert list(overall)[:2] == ["closing_line", "calibration"]
    assert (overall["closing_line"]["bets"], overall["closing_line"]["share_beating"]) == (1, 1.0)
    assert overall["calibration"].items() >= {"bets": 1, "expected": 0.45, "won": 1.0}.items()
    assert (overall["staked"], overall["returned"], overall["profit"]) == ("20.00", "25.00", "5.00")
    assert (overall["roi"], overall["yield"]) == (0.005, 0.25)
    assert (overall["strike_rate"], overall["drawdown"], overall["longest_losing_run"]) == (0.5, "10.00", 1)
    assert "promises" in told["says"]


async def test_performance_is_split_by_month_market_and_league(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await some_bets(database)
    told = (await client.get("/api/bets/performance?bankroll=main")).json()
    profits = {
        part: {group[name]: group["figures"]["profit"] for group in told[part]}
        for part, name in (("by_month", "month"), ("by_market", "name"), ("by_league", "name"))
    }
    assert profits == {
        "by_month": {"2021-08-01": "15.00", "2021-09-01": "-10.00"},
        "by_market": {"match_result": "15.00", "over_under": "-10.00"},
        "by_league": {"D1": "-10.00", "E0": "15.00"},
    }


async def test_a_part_of_the_time_starts_with_what_the_bankroll_had(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await some_bets(database)
    told = (
        await client.get("/api/bets/performance?from=2021-08-14T16:00:00Z&to=2021-10-01T00:00:00Z")
    ).json()
    assert (told["starts_with"], told["overall"]["profit"], told["overall"]["bets"]) == (
        "1015.00",
        "-10.00",
        1,
    )
    lately = (await client.get("/api/bets/performance?days=30")).json()
    assert (lately["starts_with"], lately["overall"]["bets"], lately["overall"]["yield"]) == (
        "1005.00",
        0,
        None,
    )


async def test_unknown_bets_and_bankrolls_are_told(client: httpx2.AsyncClient) -> None:
    for path, slug in (("/api/bets/7", "bet-not-found"), ("/api/bets/performance", "bankroll-not-found")):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, f"/problems/{slug}")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?cursor=abc", "?cursor"),
        ("?status=maybe", "?status"),
        ("?league=D%201", "?league"),
        ("/performance?days=0", "?days"),
        ("/performance?days=7&from=2021-08-14T16:00:00Z", "?days"),
        ("/performance?bankroll=%00", "?bankroll"),
        ("/0", "{bet_id}"),
    ],
)
async def test_what_cannot_be_asked_is_refused(client: httpx2.AsyncClient, query: str, pointer: str) -> None:
    answer = await client.get(f"/api/bets{query}")
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_more_bets_than_can_be_counted_at_once_are_refused(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_bets(database)
    monkeypatch.setattr(bets_route, "MOST_BETS", 1)
    answer = await client.get("/api/bets/performance")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?from")
