"""Reads the sources and stores what they tell; what is refused is quarantined with the reason."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.steps.fetch import Fetched, NothingToAsk, fetch
from handlers.steps.lineups import People, store_people
from handlers.steps.pipeline import Counts
from handlers.steps.scope import FILES, RefreshScope, Source, chosen_sources
from handlers.steps.told import Heard, Told, as_stored, between_two_clubs, each_once, heard
from jobs.handler import Job, Snooze
from providers.catalogue import disabled
from providers.errors import ProviderError, RateLimited
from providers.rows import MatchBatch, RejectedRow
from store.match_lookup import nearest_matches
from store.matches import upsert_matches
from store.odds import add_odds, replace_odds
from store.providers import StoredValidator, keep_validators, note_failure, note_success
from store.quarantine import RefusedRow, quarantine
from store.teams import forget_unmatched, report_unmatched

# Past this a job that waits for a provider is of no use: it fails, and says for how long.
LONGEST_SNOOZE = timedelta(hours=1)

Report = Callable[[float, str], None]
Leagues = tuple[str, ...] | None
Then = Callable[[AsyncConnection, People], Awaitable[None]]
log = structlog.get_logger()


@dataclass
class Taken:
    """What came of a source's answers so far."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    odds_changed: int = 0
    quarantined: int = 0
    held_back: int = 0
    lineups: int = 0

    def add(self, other: "Taken") -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


async def ingest(job: Job, scope: RefreshScope, report: Report) -> Counts:
    """Stores what each source tells, an answer whole or not at all. Running it twice changes nothing.

    A source that fails is left out, and the others go on; if none is left, the first one's error is raised,
    or Snooze where waiting for it heals.
    """
    sources = chosen_sources(scope, job.settings, is_replay=scope.as_of is not None)
    taken: dict[Source, Taken] = {}
    faults: dict[Source, Exception] = {}
    for number, source in enumerate(sources):
        report(number / len(sources), f"reading {source}")
        try:
            async for answer in fetch(source, job, scope):
                report((number + 0.5) / len(sources), f"storing {len(answer.batch.matches)} matches")
                taken.setdefault(source, Taken()).add(await take_in(job, source, answer, scope.leagues))
        except (ProviderError, NothingToAsk) as error:
            faults[source] = error
            await note(job, source, error)
    if not taken:
        raise worst(faults)
    skipped: dict[str, str] = {source: str(error) for source, error in faults.items()}
    return _counts(taken, skipped | _without_key(job, scope))


async def take_in(
    job: Job, source: Source, answer: Fetched, leagues: Leagues, then: Then | None = None
) -> Taken:
    """Stores one answer, with what is refused of it; `then` is done in the same transaction."""
    from handlers.steps.team_names import read_team_names
    from providers.validation import validated

    batch = _within(validated(answer.batch, source), leagues)
    told_of = {row.league_code for row in batch.matches}
    async with job.database.read() as conn:
        names = await read_team_names(conn, source, told_of, job.settings)
    rows = heard(batch.matches, source, names, answer.now)
    refused = [_refused(row) for row in batch.rejected] + rows.refused
    async with job.transaction() as conn:
        taken, doubles = await _store_matches(conn, source, rows.told, answer)
        people = await store_people(conn, job.id, source, batch, rows.told, answer.now)
        if then is not None:
            await then(conn, people)
        await quarantine(conn, job.id, refused + doubles)
        await _keep_names(conn, job.id, source, rows)
        if leagues is None:
            kept = {name: StoredValidator(**asdict(one)) for name, one in batch.validators.items()}
            await keep_validators(conn, source, kept)
        await note_success(conn, source)
    taken.read = len(answer.batch.matches) + len(answer.batch.rejected)
    taken.quarantined, taken.held_back = len(refused) + len(doubles), rows.held_back
    taken.lineups = people.sheets
    return taken


async def _store_matches(
    conn: AsyncConnection, source: Source, told: list[Told], answer: Fetched
) -> tuple[Taken, list[RefusedRow]]:
    """The matches with their odds, and the rows that say the same again or nothing."""
    if source not in FILES:
        told = as_stored(told, await nearest_matches(conn, [row.match for row in told]), source)
    told, doubles = each_once(told, source)
    told, absurd = between_two_clubs(told, source)
    first, last = answer.days or (None, None)
    taken = Taken()
    for league in sorted({row.match.league_code for row in told}):
        # A league at a time, whole: whether a fixture was moved shows only beside all others of its pair.
        of_league = [row for row in told if row.match.league_code == league]
        stored = await upsert_matches(conn, [row.match for row in of_league], first_day=first, last_day=last)
        taken.add(Taken(0, stored.inserted, stored.updated, stored.unchanged))
        odds = [odds for row in of_league for odds in row.new_odds(source)]
        # Files tell the odds of a match whole each time, the others those of now.
        taken.odds_changed += await (replace_odds if source in FILES else add_odds)(conn, odds)
    return taken, doubles + absurd


async def _keep_names(conn: AsyncConnection, job_id: int, source: Source, rows: Heard) -> None:
    for league, matched in rows.matched.items():
        await forget_unmatched(conn, source, [league], matched)
    await report_unmatched(conn, job_id, source, list(rows.unmatched.values()))


async def note(job: Job, source: Source, error: Exception) -> None:
    """Logs that the source is left out, and keeps how it fares for health."""
    log.warning("provider_skipped", source=source, reason=str(error))
    if isinstance(error, ProviderError):
        async with job.transaction() as conn:
            await note_failure(conn, source, error.what)


def worst(faults: dict[Source, Exception]) -> Exception:
    """What the job ends with: the first error, or sleep where each one heals soon."""
    waits = [error.wait for error in faults.values() if isinstance(error, RateLimited)]
    if len(waits) == len(faults) and min(waits) <= LONGEST_SNOOZE:
        return Snooze(min(waits))
    return next(iter(faults.values()))


def _without_key(job: Job, scope: RefreshScope) -> dict[str, str]:
    """Why others were not asked, where nobody said whom to ask."""
    if scope.source or scope.sources or scope.as_of is not None:
        return {}
    return {
        each.provider.name: each.reason for each in disabled(job.settings) if each.provider.name not in FILES
    }


def _counts(taken: dict[Source, Taken], skipped: dict[str, str]) -> Counts:
    total = Taken()
    for counts in taken.values():
        total.add(counts)
    return {
        "source": next(iter(taken)),
        **asdict(total),
        "sources": {source: asdict(counts) for source, counts in taken.items()},
        "skipped": skipped,
    }


def _within(batch: MatchBatch, leagues: Leagues) -> MatchBatch:
    if leagues is None:
        return batch
    return replace(batch, matches=[row for row in batch.matches if row.league_code in leagues])


def _refused(row: RejectedRow) -> RefusedRow:
    return RefusedRow(row.source, row.file, row.line, row.reason, row.raw)
