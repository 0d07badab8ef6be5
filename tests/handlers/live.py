"""Providers as jobs ask them: one server answers for all, with matches of the days around now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy import text

from config.settings import Settings
from handlers.quick_data_refresh import QuickDataRefreshParams
from handlers.steps.ingest import ingest
from jobs.handler import Handler, Job
from jobs.testing import run_inline
from store.database import Database
from tests.providers.answers import as_body, odds_event, org_answer, org_match
from tests.providers.web import Answer, WebServer

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG"
ORG, ODDS = "/org/matches", "/odds/sports/soccer_epl/odds"
TODAY = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0)


def in_days(days: int) -> datetime:
    """15:00 UTC, so many days from today."""
    return TODAY + timedelta(days=days)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class IngestResult(BaseModel):
    counts: dict[str, Any]


class IngestHandler(Handler[QuickDataRefreshParams]):
    """The step that asks providers, alone."""

    job_type = "test_ingest"

    async def run(self, params: QuickDataRefreshParams, job: Job) -> IngestResult:
        return IngestResult(counts=await ingest(job, params, lambda *_: None))


def live_settings(url: str, web: WebServer, **given: Any) -> Settings:
    """Every provider at the test's server; those whose key is given are on."""
    keys = {name: SecretStr(value) for name, value in given.items() if name.endswith("_key")}
    return Settings(
        _env_file=None,
        database_url=url,
        football_data_org_url=f"{web.url}/org",
        the_odds_api_url=f"{web.url}/odds",
        sportmonks_url=f"{web.url}/monks",
        football_data_timezone="UTC",
        **{**given, **keys},
    )


async def ingested(database: Database, settings: Settings, **params: Any) -> dict[str, Any]:
    _, result = await run_inline(database, settings, IngestHandler, QuickDataRefreshParams(**params))
    return dict(result.counts)


def csv_line(kickoff: datetime, home: str, away: str, goals: str = ",", league: str = "E0") -> str:
    return f"{league},{kickoff:%d/%m/%Y},{kickoff:%H:%M},{home},{away},{goals}"


def write_csv(folder: Path, *lines: str) -> str:
    (folder / "E0.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return str(folder)


def org_fixture(number: int, kickoff: datetime, home: str, away: str, **changes: Any) -> dict[str, Any]:
    return org_match(
        **{
            "id": number,
            "utcDate": iso(kickoff),
            "homeTeam": {"id": 1, "name": home},
            "awayTeam": {"id": 2, "name": away},
            **changes,
        }
    )


def org_tells(web: WebServer, *matches: dict[str, Any], **headers: str) -> None:
    """In the first of its periods of ten days; the same again in the others is the same match."""
    web.answer(ORG, Answer(body=as_body(org_answer(*matches)), headers=headers))


def odds_tells(web: WebServer, kickoff: datetime, home: str, away: str, *bookmakers: dict[str, Any]) -> None:
    event = odds_event(*bookmakers, commence_time=iso(kickoff), home_team=home, away_team=away)
    web.answer(ODDS, Answer(body=as_body([event])))


async def stored(database: Database) -> list[tuple[Any, ...]]:
    """Home, away, goals, status and source of every match, by kick-off."""
    async with database.read() as conn:
        rows = await conn.execute(
            text(
                "select home_team, away_team, home_goals, away_goals, status, source from matches"
                " order by kickoff_at, home_team"
            )
        )
        return [tuple(row) for row in rows]
