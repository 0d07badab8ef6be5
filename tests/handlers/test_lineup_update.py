"""Line-ups of matches that start soon, through real jobs against a server that answers as SportMonks does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import stamina

from app.main import create_app
from config.settings import Settings
from handlers.lineup_update import LineupUpdateHandler, LineupUpdateParams, LineupUpdateResult
from jobs.handler import Snooze
from jobs.service import submit
from jobs.testing import run_inline
from providers.errors import KeyRefused
from store.database import Database
from store.jobs import get_job
from store.providers import provider_states_by_source
from tests.app.conftest import client_of
from tests.engine.worker import has_ended, until, worker
from tests.handlers.live import csv_line, ingested, live_settings, write_csv
from tests.providers.answers import as_body, monks_eleven, monks_fixture, monks_page, monks_player
from tests.providers.web import Answer, WebServer, running

pytestmark = pytest.mark.anyio
SOON = (datetime.now(UTC) + timedelta(minutes=70)).replace(second=0, microsecond=0)
PATH = "/monks/fixtures/between/{first}/{last}"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server, stamina.set_testing(True, attempts=1):
        yield server


@pytest.fixture
async def settings(database: Database, web: WebServer, tmp_path: Path) -> Settings:
    """A match that starts in 70 minutes, and one of tomorrow."""
    lines = csv_line(SOON, "Liverpool", "Arsenal"), csv_line(SOON + timedelta(days=1), "Leeds", "Everton")
    folder = write_csv(tmp_path, *lines)
    given = live_settings(database.url, web, football_data=folder, sportmonks_api_key="key")
    await ingested(database, given, source="football_data")
    return given


def monks_tells(web: WebServer, lineups: list[dict[str, Any]], **changes: Any) -> None:
    state = {"id": 1, "state": "NS", "developer_name": "NS"}
    fixture = monks_fixture(
        **{
            "starting_at_timestamp": int(SOON.timestamp()),
            "state": state,
            "scores": [],
            "statistics": [],
            "lineups": lineups,
            **changes,
        }
    )
    day = SOON.date().isoformat()
    web.answer(PATH.format(first=day, last=day), Answer(body=as_body(monks_page(fixture))))


async def updated(database: Database, settings: Settings, **params: Any) -> LineupUpdateResult:
    _, result = await run_inline(database, settings, LineupUpdateHandler, LineupUpdateParams(**params))
    assert isinstance(result, LineupUpdateResult)
    return result


async def test_a_line_up_that_comes_out_is_stored_and_its_match_predicted_anew(
    database: Database, settings: Settings, web: WebServer
) -> None:
    monks_tells(web, [*monks_eleven(8), *monks_eleven(19)])
    result = await updated(database, settings)
    assert (result.matches, result.lineups, result.note) == (1, 2, None)
    assert result.prediction_job is not None
    async with database.read() as conn:
        job = await get_job(conn, result.prediction_job)
    assert job is not None
    assert (job.job_type, job.status) == ("prediction_generation", "pending")
    assert (job.params["leagues"], job.params["horizon_hours"]) == (["E0"], 2)


async def test_a_line_up_that_is_as_it_was_predicts_nothing(
    database: Database, settings: Settings, web: WebServer
) -> None:
    monks_tells(web, [*monks_eleven(8), *monks_eleven(19)])
    await updated(database, settings)
    monks_tells(web, [*reversed(monks_eleven(8)), *monks_eleven(19)])
    again = await updated(database, settings)
    assert (again.lineups, again.changed, again.prediction_job) == (0, [], None)


async def test_a_player_who_drops_out_is_a_new_line_up(
    database: Database, settings: Settings, web: WebServer
) -> None:
    monks_tells(web, [*monks_eleven(8), *monks_eleven(19)])
    (match_id,) = (await updated(database, settings)).changed
    monks_tells(web, [*monks_eleven(8)[1:], monks_player(999, 8), *monks_eleven(19)])
    changed = await updated(database, settings)
    assert (changed.lineups, changed.changed) == (1, [match_id])
    async with client_of(create_app(settings)) as client:
        shown = (await client.get(f"/api/v1/lineups/{match_id}")).json()
    assert [(one["side"], one["team"], one["changes"]) for one in shown["lineups"]] == [
        ("home", "Liverpool", 1),
        ("away", "Arsenal", 0),
    ]
    assert "Player 999" in [player["name"] for player in shown["lineups"][0]["players"]]


async def test_what_players_did_is_stored_with_the_match(
    database: Database, settings: Settings, web: WebServer
) -> None:
    scorer = monks_player(7, 8, (52, 2), (119, 90), (118, 8.1))
    monks_tells(web, [*monks_eleven(8)[1:], scorer, *monks_eleven(19)])
    (match_id,) = (await updated(database, settings)).changed
    async with client_of(create_app(settings)) as client:
        (stats,) = (await client.get(f"/api/v1/lineups/{match_id}")).json()["player_stats"]
    assert (stats["player"], stats["goals"], stats["minutes"], stats["rating"]) == ("Player 7", 2, 90, 8.1)
    assert (stats["assists"], stats["side"], stats["source"]) == (None, "home", "sportmonks")


async def test_a_line_up_of_a_team_that_nobody_knows_is_held_back_and_counted(
    database: Database, settings: Settings, web: WebServer
) -> None:
    teams = [
        {"id": 19, "name": "Arsenal", "meta": {"location": "away"}},
        {"id": 8, "name": "The Reds", "meta": {"location": "home"}},
    ]
    monks_tells(web, [*monks_eleven(8), *monks_eleven(19)], participants=teams)
    result = await updated(database, settings)
    assert (result.held_back, result.lineups, result.prediction_job) == (1, 0, None)


async def test_without_a_key_it_says_so_and_asks_nobody(database: Database, web: WebServer) -> None:
    result = await updated(database, live_settings(database.url, web))
    assert "SPORTMONKS_API_KEY is not set" in str(result.note)
    assert web.requests == []


@pytest.mark.parametrize("params", [{"within_hours": 1}, {"leagues": ["D1"]}])
async def test_if_nothing_starts_soon_nobody_is_asked(
    database: Database, settings: Settings, web: WebServer, params: dict[str, Any]
) -> None:
    result = await updated(database, settings, **params)
    assert "no match starts" in str(result.note)
    assert web.requests == []


async def test_a_quota_that_is_used_up_lets_the_job_sleep(
    database: Database, settings: Settings, web: WebServer
) -> None:
    day = SOON.date().isoformat()
    web.answer(PATH.format(first=day, last=day), Answer(429, as_body({"retry_after": 600})))
    with pytest.raises(Snooze) as sleep:
        await updated(database, settings)
    assert sleep.value.seconds == 600


async def test_a_key_that_is_refused_fails_the_job_and_shows_in_health(
    database: Database, settings: Settings, web: WebServer
) -> None:
    web.otherwise = Answer(401)
    with pytest.raises(KeyRefused):
        await updated(database, settings)
    async with database.read() as conn:
        states = await provider_states_by_source(conn)
    assert states["sportmonks"].failures == 1


async def test_a_match_that_nobody_knows_has_no_line_ups(settings: Settings) -> None:
    async with client_of(create_app(settings)) as client:
        answer: httpx2.Response = await client.get("/api/v1/lineups/4711")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/match-not-found")


async def test_a_worker_does_it_in_a_process_of_its_own(
    database: Database, settings: Settings, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monks_tells(web, [])
    monkeypatch.setenv("SPORTMONKS_URL", settings.sportmonks_url)
    monkeypatch.setenv("SPORTMONKS_API_KEY", "key")
    monkeypatch.setenv("FOOTBALL_DATA", settings.football_data)
    async with database.transaction() as conn:
        job_id = await submit(conn, LineupUpdateHandler, LineupUpdateParams())
    with worker(database.url, "--queues", "cpu", handlers="handlers"):
        job = await until(database, job_id, has_ended)
    assert job.status == "completed", job.error
    assert (job.result["matches"], len(web.requests)) == (1, 1)
