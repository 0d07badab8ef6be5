"""How a match has ended, as far as that is clear at a moment."""

from dataclasses import dataclass
from datetime import datetime

from betting.settlement import PLAYED_WITHIN, Ending, MatchEnding

# What its source then says of goals is not what was played to the end.
NOT_PLAYED = frozenset({Ending.CANCELLED, Ending.ABANDONED, Ending.AWARDED})
# Nobody will play it; one that was put off or broken off may still be played in time.
AT_ONCE = frozenset({Ending.CANCELLED, Ending.AWARDED})


@dataclass(frozen=True)
class MatchState:
    """What a source says of a match; `changed_at` is when it last said something new."""

    status: str
    kickoff_at: datetime
    kickoff_time_known: bool
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None
    changed_at: datetime


def known_ending(match: MatchState, planned_at: datetime, as_of: datetime) -> MatchEnding | None:
    """How a match that was planned for `planned_at` had ended by `as_of`; None while that is not clear.

    A match that is put off or broken off has ended only when it can no longer be played in time: sources move
    it to its new day when they know it, and until then its old one means nothing.
    """
    is_known = match.result_known_at is not None and match.result_known_at <= as_of
    if is_known and match.status not in NOT_PLAYED:
        goals = (match.home_goals, match.away_goals)
        return MatchEnding(Ending.PLAYED, match.kickoff_at, *goals, match.kickoff_time_known)
    is_too_late = as_of > planned_at + PLAYED_WITHIN
    if match.status in AT_ONCE and (is_too_late or match.changed_at <= as_of):
        return MatchEnding(Ending(match.status), match.kickoff_at)
    if not is_too_late:
        return None
    if match.status == Ending.ABANDONED:
        return MatchEnding(Ending.ABANDONED, match.kickoff_at)
    if match.status == Ending.POSTPONED or match.kickoff_at > planned_at + PLAYED_WITHIN:
        return MatchEnding(Ending.POSTPONED, match.kickoff_at)
    return None
