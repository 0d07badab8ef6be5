"""What every provider of football answers: the good rows, and the refused ones with their reason.

Every moment is aware and in UTC; a row says when its content was known where its source tells, or allows to
tell.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from providers.validator import Validator

# The highest score of any first-class match is 36-0.
MOST_GOALS = 36
LONGEST_NAME = 60


class MatchStatus(StrEnum):
    """Goals are there for `played` and mostly for `awarded` (decided off the pitch), never for the others."""

    SCHEDULED = "scheduled"
    IN_PLAY = "in_play"
    PLAYED = "played"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    AWARDED = "awarded"


class Market(StrEnum):
    """`match_result` is decided by the regular time; prices are in the order home, draw, away.

    `over_under` has a line of goals; its prices are in the order over, under.
    """

    MATCH_RESULT = "match_result"
    OVER_UNDER = "over_under"


class Side(StrEnum):
    HOME = "home"
    AWAY = "away"


class Position(StrEnum):
    GOALKEEPER = "goalkeeper"
    DEFENDER = "defender"
    MIDFIELDER = "midfielder"
    ATTACKER = "attacker"


@dataclass(frozen=True, slots=True)
class OddsRow:
    """Decimal odds of one bookmaker for one market, known to everyone at `known_at`.

    `bookmaker` is a key such as "pinnacle", or "average" and "maximum" of a market. `is_closing` says that
    these are the last prices before kick-off.
    """

    bookmaker: str
    market: Market
    line: Decimal | None
    prices: tuple[Decimal | None, ...]
    is_closing: bool
    known_at: datetime


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One match as its source tells it; goals are those of the regular time, and None for a fixture.

    Where only the day is known, `kickoff_time_known` is False and `kickoff_at` is noon of that day in the
    source's time zone. `external_id` is the source's own.
    """

    league_code: str
    season: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None
    status: MatchStatus = MatchStatus.SCHEDULED
    half_time_home_goals: int | None = None
    half_time_away_goals: int | None = None
    external_id: str | None = None
    odds: tuple[OddsRow, ...] = ()


@dataclass(frozen=True, slots=True)
class LineupPlayer:
    """Somebody on a team sheet; on the bench if no starter."""

    external_id: str
    name: str
    is_starter: bool
    position: Position | None
    number: int | None


@dataclass(frozen=True, slots=True)
class LineupRow:
    """The team sheet of one side of a match."""

    match_external_id: str
    side: Side
    team: str
    team_external_id: str
    known_at: datetime
    players: tuple[LineupPlayer, ...]


@dataclass(frozen=True, slots=True)
class PlayerStatRow:
    """What one player did in one match; None is what the source does not tell."""

    match_external_id: str
    side: Side
    team: str
    player_external_id: str
    player: str
    minutes: int | None
    goals: int | None
    assists: int | None
    shots: int | None
    shots_on_target: int | None
    yellow_cards: int | None
    red_cards: int | None
    rating: float | None


@dataclass(frozen=True, slots=True)
class TeamStatisticRow:
    """One figure of one side of a match, such as "corners" or "possession" (per cent)."""

    match_external_id: str
    side: Side
    team: str
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One piece that was refused: a line of a file, an element of an answer, or a part of one.

    `line` counts from 1; 0 means the file or the answer as a whole.
    """

    source: str
    file: str
    line: int
    reason: str
    raw: dict[str, str]


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """Everything a source gave: no piece of it is in none of the lists.

    `validators`, by the name of a file, are for the next request: store them together with the rows, or what
    they stand for is never asked for again.
    """

    matches: list[MatchRow]
    rejected: list[RejectedRow]
    lineups: list[LineupRow] = field(default_factory=list)
    player_stats: list[PlayerStatRow] = field(default_factory=list)
    team_statistics: list[TeamStatisticRow] = field(default_factory=list)
    validators: dict[str, Validator] = field(default_factory=dict)

    def add(self, other: "MatchBatch") -> None:
        """Takes in what another answer of the same source gave."""
        self.matches.extend(other.matches)
        self.rejected.extend(other.rejected)
        self.lineups.extend(other.lineups)
        self.player_stats.extend(other.player_stats)
        self.team_statistics.extend(other.team_statistics)
        self.validators.update(other.validators)
