"""Predictions with their goals, picks with their reasons, and the runs that made them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.service import submit
from store.database import Database
from store.matches import NewMatch, upsert_matches
from store.models import NewModelVersion, add_version
from store.odds import NewOdds, replace_odds
from store.picks import NewPick, replace_picks
from store.prediction_runs import MonthBefore, NewPredictionRun, save_prediction_run
from store.predictions import NewPrediction, save_predictions
from tests.app import EchoHandler, EchoParams

# Each time another job picks.
JOB_IDS = count(7)
pytestmark = pytest.mark.anyio

KICKOFF = datetime(2100, 5, 23, 13, 30, tzinfo=UTC)
LONG_AGO = datetime(2020, 5, 23, 13, 30, tzinfo=UTC)
AS_OF = datetime(2020, 5, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMING = NewMatch("D1", "2099-00", KICKOFF, True, "Bayern", "Stuttgart", None, None, None, "test")
STARTED = replace(COMING, kickoff_at=LONG_AGO, home_team="Mainz")
ENGLISH = replace(COMING, league_code="E0", kickoff_at=KICKOFF + HOUR)
GOALS: dict[str, Any] = {
    "home_goals": 1.7,
    "away_goals": 0.9,
    "over_2_5": 0.51,
    "both_to_score": 0.48,
    "likely_scores": {"1-0": 0.09, "1-1": 0.12, "2-1": 0.11},
}
PICK = NewPick(
    match_id=0,
    market="match_result",
    line=None,
    selection="home",
    bookmaker="bet365",
    price=Decimal("2.100"),
    price_known_at=AS_OF,
    probability=0.5,
    edge=0.05,
    kelly=0.045,
    stake=Decimal("11.36"),
    stake_limit="none",
    why="home win at 2.10 with bet365: probability 50.0%",
)
UNDER = replace(PICK, market="over_under", line=Decimal("2.5"), selection="under")


@dataclass(frozen=True)
class Stored:
    """The numbers of the matches and of the model version."""

    coming: int
    started: int
    english: int
    model_id: int


@pytest.fixture
async def stored(database: Database) -> Stored:
    return await store_matches(database)


async def store_matches(database: Database) -> Stored:
    version = NewModelVersion(
        sport="football", name="ensemble", features=[], parameters={}, metrics={}, training_matches=10,
        validation_matches=5, data_from=AS_OF, data_to=AS_OF, as_of=AS_OF, artifact_sha256="0" * 64,
        artifact_format="json", code_revision="test", job_id=1, importance={},
    )  # fmt: skip
    async with database.transaction() as conn:
        await upsert_matches(conn, [COMING, STARTED, ENGLISH])
        numbers = {
            (row.league_code, row.home_team): row.id
            for row in await conn.execute(text("select id, league_code, home_team from matches"))
        }
        model = await add_version(conn, version)
    return Stored(numbers["D1", "Bayern"], numbers["D1", "Mainz"], numbers["E0", "Bayern"], model.id)


async def predicted(database: Database, new: NewPrediction) -> None:
    async with database.transaction() as conn:
        await save_predictions(conn, 7, [new])


async def picked(database: Database, stored: Stored, *picks: NewPick, as_of: datetime = AS_OF) -> None:
    async with database.transaction() as conn:
        match_ids = {pick.match_id for pick in picks}
        job_id, model_id = next(JOB_IDS), stored.model_id
        await replace_picks(conn, job_id, picks, model_id=model_id, as_of=as_of, match_ids=match_ids)


def prediction(stored: Stored, as_of: datetime = AS_OF) -> NewPrediction:
    return NewPrediction(stored.coming, stored.model_id, as_of, 0.5, 0.3, 0.2, "home")


async def test_a_league_shows_the_goals(
    client: httpx2.AsyncClient, database: Database, stored: Stored
) -> None:
    await predicted(database, replace(prediction(stored), **GOALS))
    [shown] = (await client.get("/api/v1/predictions/league/D1")).json()
    assert shown["goals"] == {
        "home": 1.7,
        "away": 0.9,
        "over_2_5": 0.51,
        "under_2_5": 0.49,
        "both_to_score": 0.48,
        "likely_scores": [
            {"score": "1-1", "probability": 0.12},
            {"score": "2-1", "probability": 0.11},
            {"score": "1-0", "probability": 0.09},
        ],
    }


async def test_a_prediction_without_goals_says_so(
    client: httpx2.AsyncClient, database: Database, stored: Stored
) -> None:
    await predicted(database, prediction(stored))
    assert (await client.get(f"/api/v1/predictions/match/{stored.coming}")).json()["goals"] is None


async def test_a_match_shows_its_latest_prediction_with_what_belongs_to_it(
    client: httpx2.AsyncClient, database: Database, stored: Stored
) -> None:
    later = AS_OF + HOUR
    await predicted(database, replace(prediction(stored), **GOALS))
    await predicted(database, prediction(stored, later))
    await picked(database, stored, replace(PICK, match_id=stored.coming))
    await picked(database, stored, replace(UNDER, match_id=stored.coming), as_of=later)
    async with database.transaction() as conn:
        odds = NewOdds(
            "D1", "Bayern", "Stuttgart", KICKOFF, "test", "bet365", "match_result", None, False, AS_OF,
            (Decimal("2.1"), Decimal("3.3"), None),
        )  # fmt: skip
        goals = replace(odds, market="over_under", line=Decimal("2.5"), prices=(Decimal("1.8"), Decimal("2")))
        await replace_odds(conn, [odds, replace(odds, bookmaker="late", known_at=later + HOUR), goals])
    shown = (await client.get(f"/api/v1/predictions/match/{stored.coming}")).json()
    assert (shown["match_id"], shown["as_of"]) == (stored.coming, "2020-05-20T01:00:00Z")
    assert [pick["selection"] for pick in shown["picks"]] == ["under"]
    assert [(one["market"], one["prices"]) for one in shown["prices"]] == [
        ("match_result", {"home": "2.100", "draw": "3.300", "away": None}),
        ("over_under", {"over": "1.800", "under": "2.000"}),
    ]


async def test_a_match_that_is_not_predicted_is_another_thing_than_no_match(
    client: httpx2.AsyncClient, stored: Stored
) -> None:
    unpredicted = await client.get(f"/api/v1/predictions/match/{stored.coming}")
    unknown = await client.get("/api/v1/predictions/match/999")
    assert (unpredicted.status_code, unpredicted.json()["type"]) == (404, "/problems/prediction-not-found")
    assert "nothing was predicted of Bayern - Stuttgart of 2100-05-23 (D1)" in unpredicted.json()["detail"]
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/match-not-found")


async def test_picks_say_why(client: httpx2.AsyncClient, database: Database, stored: Stored) -> None:
    await picked(database, stored, replace(PICK, match_id=stored.coming))
    [pick] = (await client.get("/api/v1/picks")).json()["items"]
    assert (pick["home_team"], pick["selection"], pick["price"]) == ("Bayern", "home", "2.100")
    assert (pick["stake"], pick["model"]) == ("11.36", {"name": "ensemble", "version": 1})
    assert pick["why"] == PICK.why


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["E0 home", "D1 under", "D1 home"]),
        ("?league=e0", ["E0 home"]),
        ("?market=over_under", ["D1 under"]),
        ("?kickoff_from=2100-05-23T14:00:00Z", ["E0 home"]),
        ("?kickoff_to=2100-05-23T14:00:00Z", ["D1 under", "D1 home"]),
        ("?kickoff_from=2020-01-01T00:00:00Z", ["E0 home", "D1 under", "D1 home", "D1 away"]),
    ],
)
async def test_picks_are_those_asked_for_and_by_default_of_coming_matches(
    client: httpx2.AsyncClient, database: Database, stored: Stored, query: str, shown: list[str]
) -> None:
    await picked(database, stored, replace(PICK, match_id=stored.started, selection="away"))
    for_coming = [replace(PICK, match_id=stored.coming), replace(UNDER, match_id=stored.coming)]
    await picked(database, stored, *for_coming)
    await picked(database, stored, replace(PICK, match_id=stored.english), as_of=AS_OF + HOUR)
    items = (await client.get(f"/api/v1/picks{query}")).json()["items"]
    assert [f"{pick['league']} {pick['selection']}" for pick in items] == shown


async def test_pages_of_picks_show_each_once_the_newest_moment_first(
    client: httpx2.AsyncClient, database: Database, stored: Stored
) -> None:
    for hour in (2, 0, 1):
        picks = [replace(PICK, match_id=stored.coming), replace(PICK, match_id=stored.english)]
        await picked(database, stored, *picks, as_of=AS_OF + hour * HOUR)
    page, seen = "/api/v1/picks?limit=4", []
    while page:
        answer = await client.get(page)
        seen += [(pick["as_of"], pick["id"]) for pick in answer.json()["items"]]
        page = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)


async def test_runs_are_listed_the_newest_first(client: httpx2.AsyncClient, database: Database) -> None:
    async with database.transaction() as conn:
        for job_id in (1, 2, 3):
            await run_kept(conn, job_id)
    first = (await client.get("/api/v1/prediction-runs?limit=2")).json()
    rest = (await client.get(f"/api/v1/prediction-runs?limit=2&cursor={first['next_cursor']}")).json()
    assert [run["job_id"] for run in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next_cursor"] is None
    assert (first["items"][0]["as_of"], first["items"][0]["accuracy"]) == ("2020-05-20T00:00:00Z", None)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/api/v1/picks?cursor=ajE", "?cursor"),
        ("/api/v1/picks?market=corners", "?market"),
        ("/api/v1/picks?kickoff_from=2100-05-23", "?kickoff_from"),
        ("/api/v1/picks?limit=201", "?limit"),
        ("/api/v1/prediction-runs?cursor=abc", "?cursor"),
        ("/api/v1/predictions/match/0", "{match_id}"),
        ("/api/v1/predictions/match/9223372036854775808", "{match_id}"),
    ],
)
async def test_what_cannot_be_meant_is_refused(client: httpx2.AsyncClient, path: str, place: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [place]


async def run_kept(conn: AsyncConnection, job_id: int) -> None:
    done = NewPredictionRun(
        job_id=job_id, as_of=AS_OF, horizon_at=AS_OF, model_id=None, leagues=1, fixtures=2, predictions=2,
        picks=1, bets=0,
    )  # fmt: skip
    assert await submit(conn, EchoHandler, EchoParams()) == job_id
    await conn.execute(text("update jobs_active set started_at = now() where id = :id"), {"id": job_id})
    await save_prediction_run(conn, done, MonthBefore(0, None, None, None))
