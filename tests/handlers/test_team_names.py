"""A name that matches no team for certain is held back until a person says who is meant."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import stamina

from app.main import create_app
from config.settings import Settings
from store.audit import list_changes
from store.database import Database
from store.quarantine import list_quarantined
from store.teams import list_unmatched
from tests.app.conftest import client_of
from tests.handlers.live import (
    csv_line,
    in_days,
    ingested,
    live_settings,
    org_fixture,
    org_tells,
    stored,
    write_csv,
)
from tests.providers.web import WebServer, running

pytestmark = pytest.mark.anyio
ALIAS = {"source": "football_data_org", "league": "E0", "alias": "Spurs London", "team": "Tottenham Hotspur"}
SUBJECT = "team_alias:football_data_org:England:Spurs London"
PERSON = {"X-Requested-By": "ann"}


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server, stamina.set_testing(True, attempts=1):
        yield server


@pytest.fixture
def settings(database_url: str, web: WebServer, tmp_path: Path) -> Settings:
    folder = write_csv(
        tmp_path,
        csv_line(in_days(2), "Tottenham", "Chelsea"),
        csv_line(in_days(3), "Arsenal", "Sheffield United"),
    )
    return live_settings(database_url, web, football_data=folder, football_data_org_key="key")


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(create_app(settings)) as client:
        yield client


@pytest.fixture
async def held_back(database: Database, settings: Settings, web: WebServer) -> None:
    """One fixture whose home team nobody knows for certain, and one that is plain."""
    org_tells(
        web,
        org_fixture(1, in_days(2), "Spurs London", "Chelsea FC", status="POSTPONED"),
        org_fixture(2, in_days(5), "Chelsea FC", "Arsenal FC"),
    )
    counts = await ingested(database, settings)
    assert counts["sources"]["football_data_org"]["held_back"] == 1


async def test_a_name_that_is_not_certain_never_becomes_a_row(
    held_back: None, database: Database, client: httpx2.AsyncClient
) -> None:
    matches = await stored(database)
    async with database.read() as conn:
        (refused,) = await list_quarantined(conn)
    (waiting,) = (await client.get("/api/v1/teams/unmatched")).json()["items"]
    assert [row[:2] for row in matches] == [
        ("Tottenham Hotspur", "Chelsea"),
        ("Arsenal", "Sheffield United"),
        ("Chelsea", "Arsenal"),
    ]
    assert "'Spurs London' matches no team" in refused.reason
    assert (waiting["source"], waiting["league"], waiting["name"]) == (
        "football_data_org",
        "E0",
        "Spurs London",
    )
    assert all(0 < one["score"] <= 100 for one in waiting["suggestions"])


async def test_a_confirmed_name_comes_in_with_the_next_ingest(
    held_back: None, database: Database, settings: Settings, client: httpx2.AsyncClient
) -> None:
    confirmed = await client.post("/api/v1/teams/aliases", json=ALIAS, headers=PERSON)
    assert confirmed.status_code == 201
    assert (confirmed.json()["country"], confirmed.json()["confirmed_by"]) == ("England", "ann")
    assert (await client.get("/api/v1/teams/unmatched")).json()["items"] == []
    await ingested(database, settings)
    assert ("Tottenham Hotspur", "Chelsea", None, None, "postponed", "football_data") in await stored(
        database
    )
    assert len(await stored(database)) == 3


async def test_a_name_that_stays_unknown_is_one_report_seen_again(
    held_back: None, database: Database, settings: Settings
) -> None:
    await ingested(database, settings)
    async with database.read() as conn:
        (waiting,) = await list_unmatched(conn)
    assert waiting.times_seen == 2


async def test_a_confirmation_counts_in_all_leagues_of_the_country(
    held_back: None, client: httpx2.AsyncClient
) -> None:
    of_another = {**ALIAS, "league": "E1"}
    assert (await client.post("/api/v1/teams/aliases", json=of_another)).status_code == 201
    assert (await client.get("/api/v1/teams/unmatched")).json()["items"] == []


async def test_each_change_of_a_name_is_in_the_audit_log(
    held_back: None, database: Database, client: httpx2.AsyncClient
) -> None:
    first = (await client.post("/api/v1/teams/aliases", json=ALIAS, headers=PERSON)).json()
    again = (await client.post("/api/v1/teams/aliases", json=ALIAS)).json()
    changed = (await client.post("/api/v1/teams/aliases", json={**ALIAS, "team": "Arsenal"})).json()
    gone = await client.delete(f"/api/v1/teams/aliases/{first['id']}", headers=PERSON)
    async with database.read() as conn:
        changes = await list_changes(conn, SUBJECT)
    assert (again, changed["team"], gone.status_code) == (first, "Arsenal", 204)
    assert [(one.actor, one.action, one.details["before"], one.details["team"]) for one in changes] == [
        ("ann", "team_alias_deleted", "Arsenal", None),
        ("api", "team_alias_confirmed", "Tottenham Hotspur", "Arsenal"),
        ("ann", "team_alias_confirmed", None, "Tottenham Hotspur"),
    ]


async def test_a_team_that_nobody_has_heard_of_must_be_said_to_be_new(
    held_back: None, client: httpx2.AsyncClient
) -> None:
    unheard = {**ALIAS, "team": "Totenham Hotspur"}
    refused = await client.post("/api/v1/teams/aliases", json=unheard)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/team")
    taken = await client.post("/api/v1/teams/aliases", json={**unheard, "is_new": True})
    assert taken.status_code == 201


async def test_an_alias_that_is_not_there_cannot_be_deleted(client: httpx2.AsyncClient) -> None:
    answer = await client.delete("/api/v1/teams/aliases/7")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/alias-not-found")


async def test_the_lists_go_on_where_a_page_ends(held_back: None, client: httpx2.AsyncClient) -> None:
    for name in ("Spurs A", "Spurs B", "Spurs C"):
        await client.post("/api/v1/teams/aliases", json={**ALIAS, "alias": name})
    first = (await client.get("/api/v1/teams/aliases?limit=2")).json()
    rest = (await client.get(f"/api/v1/teams/aliases?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["alias"] for one in (*first["items"], *rest["items"])] == ["Spurs A", "Spurs B", "Spurs C"]
    assert rest["next_cursor"] is None


async def test_a_league_that_the_files_do_not_have_is_named_by_the_provider(
    database: Database, settings: Settings, web: WebServer
) -> None:
    in_spain = {"competition": {"id": 1, "name": "Primera", "code": "PD", "type": "LEAGUE"}}
    org_tells(web, org_fixture(1, in_days(2), "Getafe CF", "Rayo Vallecano de Madrid", **in_spain))
    await ingested(database, settings)
    assert ("Getafe CF", "Rayo Vallecano de Madrid") in [row[:2] for row in await stored(database)]


async def test_before_the_files_are_read_nobody_else_names_the_teams(
    database: Database, settings: Settings, web: WebServer
) -> None:
    org_tells(web, org_fixture(1, in_days(2), "Tottenham Hotspur FC", "Chelsea FC"))
    before = await ingested(database, settings, source="football_data_org")
    after = await ingested(database, settings)
    assert (before["inserted"], before["held_back"]) == (0, 1)
    assert (after["held_back"], len(await stored(database))) == (0, 2)


async def test_files_name_the_teams_even_of_a_league_that_others_told_more_of(
    database: Database, settings: Settings, web: WebServer
) -> None:
    await ingested(database, settings, source="football_data")
    told = [org_fixture(day, in_days(day), "Chelsea FC", "Arsenal FC") for day in (4, 6, 8, 10)]
    org_tells(web, *told)
    for _ in range(2):
        await ingested(database, settings, source="football_data_org")
    assert {team for row in await stored(database) for team in row[:2]} == {
        *("Tottenham Hotspur", "Chelsea", "Arsenal", "Sheffield United")
    }
