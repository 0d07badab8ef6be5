"""Asks for the line-ups of matches that start soon; where one is new, the match is predicted anew."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.prediction_generation import PredictionGenerationHandler, PredictionGenerationParams
from handlers.steps.fetch import sportmonks_fixtures
from handlers.steps.ingest import note, take_in, worst
from handlers.steps.lineups import People
from handlers.steps.scope import LeagueCode, Moment, Source
from jobs.handler import Job, JobParams
from jobs.service import submit
from providers.errors import ProviderError
from store.jobs import database_now
from store.match_lookup import StartingMatch, starting_matches

SOURCE: Source = "sportmonks"


class LineupScope(JobParams):
    """Which matches to ask for."""

    within_hours: float = Field(2, gt=0, le=48, description="Matches that kick off within so many hours")
    leagues: tuple[LeagueCode, ...] | None = Field(None, min_length=1, description="Left out: all leagues")
    as_of: Moment | None = Field(None, description="From this moment on, and predict as of it; left out: now")


@dataclass(frozen=True)
class Checked:
    """How many team sheets were new; of which of the matches asked for, and the job that predicts those.

    Of `held_back` matches the teams are not known for certain.
    """

    lineups: int
    changed: list[int]
    prediction_job: int | None
    held_back: int = 0


async def starting_soon(job: Job, scope: LineupScope) -> list[StartingMatch]:
    """The matches of leagues that SportMonks has."""
    from providers.sportmonks_wire import LEAGUES

    leagues = [code for code in LEAGUES.values() if scope.leagues is None or code in scope.leagues]
    async with job.database.read() as conn:
        since = scope.as_of or await database_now(conn)
        until = since + timedelta(hours=scope.within_hours)
        return await starting_matches(conn, since, until, leagues)


async def check_lineups(job: Job, scope: LineupScope, soon: list[StartingMatch]) -> Checked:
    """Stores the answer, and the job that predicts anew with it. Raises ProviderError, Snooze."""
    done = Checked(0, [], None)

    async def predict(conn: AsyncConnection, people: People) -> None:
        nonlocal done
        changed = [match for match in soon if match.match_id in people.matches]
        prediction_job = None
        if changed:
            params = _prediction(scope, changed)
            prediction_job = await submit(
                conn, PredictionGenerationHandler, params, requested_by=f"job {job.id}"
            )
        done = Checked(people.sheets, [match.match_id for match in changed], prediction_job)

    days = [match.kickoff_at.astimezone(UTC).date() for match in soon]
    leagues = sorted({match.league_code for match in soon})
    try:
        answer = await sportmonks_fixtures(job, (min(days), max(days)), datetime.now(UTC), leagues)
    except ProviderError as error:
        await note(job, SOURCE, error)
        raise worst({SOURCE: error}) from error
    taken = await take_in(job, SOURCE, answer, None, predict)
    return replace(done, held_back=taken.held_back)


def _prediction(scope: LineupScope, changed: list[StartingMatch]) -> PredictionGenerationParams:
    return PredictionGenerationParams(
        leagues=tuple(sorted({match.league_code for match in changed})),
        as_of=scope.as_of,
        horizon_hours=math.ceil(scope.within_hours),
    )
