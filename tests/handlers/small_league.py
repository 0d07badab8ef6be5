"""Six invented clubs, a model of goals in service that needed no training, and prices on matches to come."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from handlers.steps.results import FootballResult
from jobs.testing import run_inline
from modeling.artifact_store import artifact_store
from modeling.calibration import Calibration
from modeling.dynamic_poisson import DynamicPoisson
from store.database import Database
from store.matches import NewMatch, upsert_matches
from store.models import NewModelVersion, activate, add_version
from store.odds import NewOdds, replace_odds

CLUBS = ("Ayr", "Bath", "Cork", "Deal", "Ely", "Fife")
KICKOFF = datetime(2021, 10, 2, 14, tzinfo=UTC)
AS_OF = datetime(2021, 10, 1, 17, tzinfo=UTC)
FIXTURES = (("Ayr", "Bath"), ("Cork", "Deal"), ("Ely", "Fife"))
PARAMS = PredictionGenerationParams(as_of=AS_OF, horizon_hours=48)


async def settle_in(database: Database, settings: Settings) -> None:
    """The matches, their model, and no price yet."""
    artifact = DynamicPoisson(rho=-0.08, home_scale=1.0, away_scale=1.0).to_bytes(Calibration())
    await artifact_store(settings.artifact_location()).save(artifact)
    async with database.transaction() as conn:
        await upsert_matches(conn, [*_played(), *(fixture(*pair) for pair in FIXTURES)])
        await activate(conn, await add_version(conn, _version(artifact)), "for tests")


async def run(database: Database, settings: Settings, **changes: Any) -> tuple[int, FootballResult]:
    params = PredictionGenerationParams.model_validate({**PARAMS.model_dump(), **changes})
    return await run_inline(database, settings, PredictionGenerationHandler, params)


def fixture(home: str, away: str) -> NewMatch:
    return NewMatch("E0", "2021-22", KICKOFF, True, home, away, None, None, None, "test")


def offer(*prices: str, at: tuple[str, str] = FIXTURES[0], **changes: Any) -> NewOdds:
    """Prices of one bookmaker: of the three results, or of more and fewer than 2.5 goals."""
    goals = len(prices) == 2
    of_bookmaker = NewOdds(
        league_code="E0",
        home_team=at[0],
        away_team=at[1],
        kickoff_at=KICKOFF,
        source="test",
        bookmaker="bet365",
        market="over_under" if goals else "match_result",
        line=Decimal("2.5") if goals else None,
        is_closing=False,
        known_at=AS_OF - timedelta(hours=1),
        prices=tuple(Decimal(price) for price in prices),
    )
    return replace(of_bookmaker, **changes)


async def offered(database: Database, *odds: NewOdds) -> None:
    async with database.transaction() as conn:
        await replace_odds(conn, odds)


async def rows(conn: AsyncConnection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await conn.execute(text(statement))]


def _played() -> list[NewMatch]:
    """Everybody at home to everybody once; who comes first in the alphabet scores more."""
    pairs = [
        (home, away) for home in CLUBS for away in CLUBS if home != away and (home, away) not in FIXTURES
    ]
    return [_result(place, *pair) for place, pair in enumerate(pairs)]


def _result(place: int, home: str, away: str) -> NewMatch:
    kickoff = datetime(2021, 8, 1, 14, tzinfo=UTC) + timedelta(days=2 * place)
    ahead = CLUBS.index(away) - CLUBS.index(home)
    scored, conceded = max(ahead, 0) % 3 + 1, max(-ahead, 0) % 3
    known_at = kickoff + timedelta(hours=2)
    return NewMatch("E0", "2021-22", kickoff, True, home, away, scored, conceded, known_at, "test")


def _version(artifact: bytes) -> NewModelVersion:
    return NewModelVersion(
        sport="football",
        name=DynamicPoisson.name,
        features=[],
        parameters={},
        metrics={},
        training_matches=1,
        validation_matches=1,
        data_from=datetime(2021, 8, 1, tzinfo=UTC),
        data_to=datetime(2021, 8, 2, tzinfo=UTC),
        as_of=datetime(2021, 8, 2, tzinfo=UTC),
        artifact_sha256=hashlib.sha256(artifact).hexdigest(),
        artifact_format="json",
        code_revision="test",
        job_id=1,
        importance={},
    )
