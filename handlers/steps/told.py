"""What a source told, under the names that matches are stored by; rows that have none are held back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from providers.rows import MatchRow, MatchStatus, OddsRow
from store.match_lookup import NearMatch
from store.matches import NewMatch
from store.odds import NewOdds
from store.quarantine import RefusedRow
from store.teams import NewUnmatched

if TYPE_CHECKING:
    from handlers.steps.team_names import TeamNames

# A match lasts under two hours; where only the day is known, its result is known the day after.
RESULT_KNOWN_AFTER = timedelta(hours=2)
RESULT_KNOWN_AFTER_DAY = timedelta(days=1)
# The others tell results at most.
TELLS_STATUS = ("football_data_org", "sportmonks")


@dataclass(frozen=True)
class Told:
    """One match as a source tells it, with its odds and the source's own key of it."""

    match: NewMatch
    odds: tuple[OddsRow, ...]
    external_id: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        match = self.match
        return match.league_code, match.home_team, match.away_team, match.kickoff_at.date()

    def new_odds(self, source: str) -> list[NewOdds]:
        """The odds under the name that the match is stored by."""
        match = self.match
        return [
            NewOdds(
                league_code=match.league_code,
                home_team=match.home_team,
                away_team=match.away_team,
                kickoff_at=match.kickoff_at,
                source=source,
                bookmaker=row.bookmaker,
                market=row.market,
                line=row.line,
                is_closing=row.is_closing,
                known_at=row.known_at,
                prices=row.prices,
            )
            for row in self.odds
        ]


@dataclass
class Heard:
    """The rows of an answer, sorted out; `unmatched` by league and name, `matched` are the other names."""

    told: list[Told] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    unmatched: dict[tuple[str, str], NewUnmatched] = field(default_factory=dict)
    matched: dict[str, set[str]] = field(default_factory=dict)
    held_back: int = 0


def heard(rows: list[MatchRow], source: str, names: "TeamNames", now: datetime) -> Heard:
    """Each row under our names. One whose team is not known for certain is held back."""
    sorted_out = Heard()
    for row in rows:
        found = {raw: names.find(row.league_code, raw) for raw in (row.home_team, row.away_team)}
        home, away = found[row.home_team], found[row.away_team]
        unknown = [raw for raw, team in found.items() if team is None]
        sorted_out.matched.setdefault(row.league_code, set()).update(found.keys() - unknown)
        if home is None or away is None:
            _hold_back(sorted_out, row, source, unknown, names)
        else:
            match = _normalised(row, source, home, away, now)
            sorted_out.told.append(Told(match, row.odds, row.external_id))
    return sorted_out


def _hold_back(heard: Heard, row: MatchRow, source: str, unknown: list[str], names: "TeamNames") -> None:
    for raw in unknown:
        if (row.league_code, raw) not in heard.unmatched:
            suggestions = [asdict(one) for one in names.suggest(row.league_code, raw)]
            heard.unmatched[row.league_code, raw] = NewUnmatched(row.league_code, raw, suggestions)
    heard.held_back += 1
    named = " and ".join(repr(raw) for raw in unknown)
    reason = f"held back: {named} matches no team of ours, `matchday teams unmatched` shows what to do"
    heard.refused.append(_refusal(row, source, reason))


def _normalised(row: MatchRow, source: str, home: str, away: str, now: datetime) -> NewMatch:
    return NewMatch(
        league_code=row.league_code,
        season=row.season,
        kickoff_at=row.kickoff_at,
        kickoff_time_known=row.kickoff_time_known,
        home_team=home,
        away_team=away,
        home_goals=row.home_goals,
        away_goals=row.away_goals,
        result_known_at=None if row.home_goals is None else _known_at(row, now),
        source=source,
        status=row.status.value if source in TELLS_STATUS else None,
    )


def _known_at(row: MatchRow, now: datetime) -> datetime:
    after = RESULT_KNOWN_AFTER if row.kickoff_time_known else RESULT_KNOWN_AFTER_DAY
    known_at = row.kickoff_at + after
    # A league awards a match days later: that is known when it is heard of.
    return max(known_at, now) if row.status is MatchStatus.AWARDED else known_at


def as_stored(told: list[Told], stored: Mapping[int, NearMatch], source: str) -> list[Told]:
    """The rows, each under the match that is meant where another source told of it before."""
    return [
        replace(row, match=_added_to(near, row.match))
        if (near := stored.get(number)) and near.source != source
        else row
        for number, row in enumerate(told)
    ]


def _added_to(stored: NearMatch, row: NewMatch) -> NewMatch:
    """What a row adds to a match of another source: a result or a time that is missing, a status."""
    kickoff = stored.kickoff_at.astimezone(UTC)
    tells_time = row.kickoff_time_known and not stored.kickoff_time_known
    if tells_time and row.kickoff_at.date() == kickoff.date():
        kickoff = row.kickoff_at
    same = replace(
        row,
        season=stored.season,
        kickoff_at=kickoff,
        kickoff_time_known=stored.kickoff_time_known or kickoff is row.kickoff_at,
        source=stored.source,
    )
    is_awarded = row.status == MatchStatus.AWARDED and row.home_goals is not None
    if stored.home_goals is not None and not is_awarded:
        return replace(
            same,
            home_goals=stored.home_goals,
            away_goals=stored.away_goals,
            result_known_at=stored.result_known_at,
            status=stored.status,
        )
    if row.result_known_at is None:
        return same
    return replace(same, result_known_at=max(row.result_known_at, kickoff + RESULT_KNOWN_AFTER))


def each_once(rows: list[Told], source: str) -> tuple[list[Told], list[RefusedRow]]:
    """Each match once: of several rows of it the last counts, but a fixture never replaces a result."""
    kept: dict[tuple[object, ...], Told] = {}
    doubles = []
    for row in rows:
        match, before = row.match, kept.get(row.key)
        loses = before is not None and before.match.home_goals is not None and match.home_goals is None
        if before is not None:
            refused = match if loses else before.match
            doubles.append(_refusal(refused, source, "another row names the same match, and counts"))
        if not loses:
            kept[row.key] = row
    return list(kept.values()), doubles


def between_two_clubs(rows: list[Told], source: str) -> tuple[list[Told], list[RefusedRow]]:
    """Two spellings of one club are found only now, where each club has its one name."""
    absurd = [row.match for row in rows if row.match.home_team == row.match.away_team]
    kept = [row for row in rows if row.match.home_team != row.match.away_team]
    return kept, [_refusal(match, source, "both sides are the same club") for match in absurd]


def _refusal(row: NewMatch | MatchRow, source: str, reason: str) -> RefusedRow:
    pair = f"{row.league_code} {row.home_team} - {row.away_team} {row.kickoff_at:%Y-%m-%d}"
    raw = {"home_goals": str(row.home_goals), "away_goals": str(row.away_goals)}
    return RefusedRow(source, pair, 0, reason, raw)
