"""How a match has ended is said when it is clear, and not before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betting.endings import MatchState, known_ending
from betting.settlement import PLAYED_WITHIN, Ending, MatchEnding

KICKOFF = datetime(2021, 8, 14, 14, tzinfo=UTC)
KNOWN = KICKOFF + timedelta(hours=2)
IN_TIME, TOO_LATE = KICKOFF + PLAYED_WITHIN, KICKOFF + PLAYED_WITHIN + timedelta(seconds=1)
FIXTURE = MatchState("scheduled", KICKOFF, True, None, None, None, KICKOFF - timedelta(days=9))
PLAYED = replace(FIXTURE, home_goals=2, away_goals=1, result_known_at=KNOWN)


def ending(match: MatchState, as_of: datetime) -> Ending | None:
    found = known_ending(match, KICKOFF, as_of)
    return None if found is None else found.ending


@pytest.mark.parametrize("status", ["scheduled", "in_play", "played", "postponed"])
def test_a_result_counts_from_the_moment_it_is_known(status: str) -> None:
    match = replace(PLAYED, status=status)
    assert ending(match, KNOWN - timedelta(seconds=1)) is None
    assert known_ending(match, KICKOFF, KNOWN) == MatchEnding(Ending.PLAYED, KICKOFF, 2, 1)


def test_a_match_without_news_has_not_ended_however_long_ago_it_began() -> None:
    assert ending(FIXTURE, KICKOFF + timedelta(days=90)) is None


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
def test_what_may_still_be_played_in_time_has_not_ended(status: str) -> None:
    match = replace(FIXTURE, status=status)
    assert [ending(match, IN_TIME), ending(match, TOO_LATE)] == [None, status]


@pytest.mark.parametrize("status", ["cancelled", "awarded"])
def test_what_nobody_will_play_has_ended_when_the_source_says_so(status: str) -> None:
    match = replace(FIXTURE, status=status)
    assert ending(match, KICKOFF - timedelta(days=10)) is None
    assert ending(match, KICKOFF - timedelta(days=9)) == status


def test_a_replay_does_not_know_a_cancellation_before_it_is_clear_anyway() -> None:
    told_today = replace(FIXTURE, status="cancelled", changed_at=KICKOFF + timedelta(days=2_000))
    assert [ending(told_today, IN_TIME), ending(told_today, TOO_LATE)] == [None, "cancelled"]


@pytest.mark.parametrize("status", ["abandoned", "cancelled", "awarded"])
def test_goals_of_a_match_that_was_not_played_to_its_end_decide_nothing(status: str) -> None:
    assert ending(replace(PLAYED, status=status), TOO_LATE) == status


def test_a_match_that_was_moved_too_far_is_put_off_and_one_that_was_moved_in_time_is_not() -> None:
    far = replace(FIXTURE, kickoff_at=KICKOFF + PLAYED_WITHIN + timedelta(minutes=1))
    near = replace(FIXTURE, kickoff_at=KICKOFF + PLAYED_WITHIN)
    assert [ending(far, IN_TIME), ending(far, TOO_LATE)] == [None, "postponed"]
    assert ending(near, TOO_LATE) is None


@given(
    st.sampled_from(["scheduled", "in_play", "played", "postponed", "cancelled", "abandoned", "awarded"]),
    st.integers(-72, 720),
    st.integers(0, 60),
    st.booleans(),
)
def test_what_has_ended_stays_ended(status: str, moved: int, hours: int, has_result: bool) -> None:
    kickoff = KICKOFF + timedelta(hours=moved)
    match = replace(PLAYED if has_result else FIXTURE, status=status, kickoff_at=kickoff)
    if has_result:
        match = replace(match, result_known_at=kickoff + timedelta(hours=2))
    if ending(match, KICKOFF + timedelta(hours=hours)) is not None:
        assert ending(match, KICKOFF + timedelta(hours=hours + 1)) is not None
