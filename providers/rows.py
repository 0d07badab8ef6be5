"""What every provider of football matches answers: the good rows, and the refused ones with their reason."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One match as its source tells it; goals are None for a fixture.

    `kickoff_at` is aware and in UTC. Where only the day is known, `kickoff_time_known` is False and the
    moment is noon of that day in the source's time zone.
    """

    league_code: str
    season: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One line that was refused. `line` counts from 1; 0 means the file as a whole."""

    source: str
    file: str
    line: int
    reason: str
    raw: dict[str, str]


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """Everything a source gave: no line of it is in neither list."""

    matches: list[MatchRow]
    rejected: list[RejectedRow]
