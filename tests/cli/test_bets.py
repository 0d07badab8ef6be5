"""`matchday bets` against a real API."""

import asyncio
import json

import pytest

from config.settings import Settings
from handlers.settlement import SettlementHandler, SettlementParams
from jobs.testing import run_inline
from store.database import Database
from tests.bets import KICKOFF, KNOWN, add_bet, add_match, add_odds
from tests.cli.conftest import Command


@pytest.fixture
def settled(database_url: str, clean_database: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A bet that was won, with its close, and one that is open."""

    async def settle() -> None:
        database = Database(database_url, process="test")
        async with database.transaction() as conn:
            await add_bet(conn, await add_match(conn, score=(2, 1)), probability=0.45)
            await add_bet(conn, await add_match(conn, "Burnley"), "draw")
            await add_odds(conn, "Leeds", ("bet365", True, KICKOFF, "2.4 3.4 3.2"))
        params = SettlementParams(as_of=KNOWN)
        await run_inline(database, Settings(database_url=database_url), SettlementHandler, params)
        await database.close()

    asyncio.run(settle())
    capsys.readouterr()  # what the job logged here is no output of a command


def test_bets_are_listed_for_people_and_for_programs(matchday: Command, settled: None) -> None:
    items = json.loads(matchday("bets", "list", "--json").out)["items"]
    assert [(bet["id"], bet["status"], bet["profit"]) for bet in items] == [
        (2, "open", None),
        (1, "won", "15.00"),
    ]
    _, still_open, won = matchday("bets", "list").out.splitlines()
    assert "Burnley - Everton" in still_open
    assert won.split()[-4:] == ["10.00", "won", "15.00", "+4.2%"]


def test_bets_are_filtered(matchday: Command, settled: None) -> None:
    options = ("--status", "won", "--league", "e0", "--bankroll", "main", "--from", "2021-08-01T00:00:00Z")
    items = json.loads(matchday("bets", "list", *options, "--json").out)["items"]
    assert [bet["id"] for bet in items] == [1]
    assert json.loads(matchday("bets", "list", "--from", "30d", "--json").out)["items"] == []


def test_a_bet_is_shown_with_its_settlements(matchday: Command, settled: None) -> None:
    shown = matchday("bets", "show", 1).out
    assert "2.50 at bet365" in shown
    assert "2.40 (raw +4.2%, fair" in shown
    assert "home win: won at 2-1" in shown
    unknown = matchday("bets", "show", 9)
    assert (unknown.code, unknown.out) == (1, "")
    assert "there is no bet 9" in unknown.err


def test_performance_begins_with_the_closing_line(matchday: Command, settled: None) -> None:
    told = json.loads(matchday("bets", "performance", "--json").out)
    assert (told["overall"]["profit"], told["overall"]["yield"]) == ("15.00", 1.5)
    lines = matchday("bets", "performance").out.splitlines()
    assert "no figure here promises any" in lines[0]
    assert lines[1].split()[:2] == ["fair", "CLV"]
    assert [line.split()[0] for line in lines[2:]] == ["all", "2021-08", "match_result", "E0"]


def test_what_was_served_is_shown_with_its_verdict(matchday: Command, settled: None) -> None:
    items = json.loads(matchday("performance", "--json").out)["items"]
    assert [(item["day"], item["window_days"], item["bets"]["bets"]) for item in items] == [
        ("2021-08-14", 7, 1), ("2021-08-14", 30, 1), ("2021-08-14", 90, 1),
    ]  # fmt: skip
    lines = matchday("performance", "--window-days", 7).out.splitlines()
    assert lines[0].split()[:3] == ["day", "days", "matches"]
    assert "7 days: no predicted match has a result" in lines[1]
