"""Football-Data.org v4: days and states that are not what they seem, the regular time, the quota."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from providers.errors import AnswerUnusable
from providers.football_data_org import FootballDataOrg, quota_used_up, read_matches
from providers.reply import Reply
from providers.rows import MatchBatch, MatchRow, MatchStatus
from tests.providers.answers import as_body, org_answer, org_match, org_score
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer
from tests.sports.league import SHARED, needs_shared_data

MAY = date(2026, 5, 1)


def one(**changes: Any) -> MatchRow:
    batch = read_matches(org_answer(org_match(**changes)))
    assert batch.rejected == []
    return batch.matches[0]


def refusal(**changes: Any) -> str:
    """Of a match that stands before a good one, which lands."""
    batch = read_matches(org_answer(org_match(**changes), org_match(id=2)))
    assert [match.external_id for match in batch.matches] == ["2"]
    assert [(row.source, row.file, row.line) for row in batch.rejected] == [
        ("football_data_org", "matches", 1)
    ]
    return batch.rejected[0].reason


def test_a_fixture_is_a_match_without_goals() -> None:
    assert one() == MatchRow(
        league_code="E0",
        season="2025-26",
        kickoff_at=datetime(2026, 5, 1, 19, tzinfo=UTC),
        kickoff_time_known=True,
        home_team="Arsenal FC",
        away_team="Chelsea FC",
        home_goals=None,
        away_goals=None,
        status=MatchStatus.SCHEDULED,
        external_id="538122",
    )


def test_a_finished_match_has_both_scores() -> None:
    match = one(status="FINISHED", score=org_score((2, 1), (1, 0)))
    assert (match.status, match.home_goals, match.away_goals) == (MatchStatus.PLAYED, 2, 1)
    assert (match.half_time_home_goals, match.half_time_away_goals) == (1, 0)


@pytest.mark.parametrize("status", ["SCHEDULED", "POSTPONED", "CANCELLED"])
def test_midnight_of_a_match_without_a_time_is_a_day(status: str) -> None:
    match = one(status=status, utcDate="2023-12-23T00:00:00Z")
    assert (match.kickoff_at, match.kickoff_time_known) == (datetime(2023, 12, 23, 12, tzinfo=UTC), False)


def test_midnight_of_a_match_with_a_time_is_midnight() -> None:
    match = one(status="TIMED", utcDate="2023-12-23T00:00:00Z")
    assert (match.kickoff_at, match.kickoff_time_known) == (datetime(2023, 12, 23, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("IN_PLAY", MatchStatus.IN_PLAY),
        ("PAUSED", MatchStatus.IN_PLAY),
        ("SUSPENDED", MatchStatus.ABANDONED),
        ("POSTPONED", MatchStatus.POSTPONED),
        ("CANCELLED", MatchStatus.CANCELLED),
    ],
)
def test_the_score_of_a_match_that_is_not_over_is_no_result(said: str, status: MatchStatus) -> None:
    match = one(status=said, score=org_score((1, 0), (1, 0)))
    assert (match.status, match.home_goals, match.half_time_home_goals) == (status, None, None)


def test_an_awarded_match_has_the_score_it_was_given() -> None:
    match = one(status="AWARDED", score=org_score((3, 0)))
    assert (match.status, match.home_goals, match.away_goals) == (MatchStatus.AWARDED, 3, 0)


def test_after_extra_time_the_score_of_the_regular_time_counts() -> None:
    score = org_score((3, 2), (0, 0), duration="EXTRA_TIME", regularTime={"home": 1, "away": 1})
    assert one(status="FINISHED", score=score).home_goals == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"status": "FINISHED", "score": org_score((3, 2), duration="PENALTY_SHOOTOUT")},
            "a match with extra time without the score of its regular time",
        ),
        ({"status": "FINISHED"}, "a finished match without a score"),
        ({"status": "DREAMED"}, "status 'DREAMED' is not known"),
        ({"competition": {"code": "CL"}}, "competition 'CL' is none of the known leagues"),
        ({"homeTeam": {"id": None, "name": None}}, "homeTeam.name: Input should be a valid string"),
        ({"homeTeam": None}, "homeTeam: Input should be a valid dictionary or instance of _Team"),
        ({"utcDate": "2026-05-01"}, "utcDate: Input should have timezone info"),
        ({"utcDate": None}, "utcDate: Input should be a valid datetime"),
        ({"score": org_score((99, 0))}, "score.fullTime.home: Input should be less than or equal to 36"),
    ],
)
def test_a_match_that_cannot_be_used_is_refused_and_its_neighbour_lands(changes: Any, reason: str) -> None:
    assert refusal(**changes) == reason


@pytest.mark.parametrize("answer", [None, [], {}, {"matches": None}, {"matches": {}}])
def test_an_answer_of_another_shape_is_unusable(answer: object) -> None:
    with pytest.raises(AnswerUnusable):
        read_matches(answer)


async def matches(
    web: WebServer, first: date, last: date, leagues: frozenset[str] | None = None, gate: Any = None
) -> MatchBatch:
    provider = FootballDataOrg(SecretStr("hunter2"), gate or CountingGate(), web.url)
    return await provider.matches(first, last, leagues)


async def test_the_last_day_is_asked_for_whole(web: WebServer) -> None:
    after = org_match(id=2, utcDate="2026-05-02T00:00:00Z")
    web.answer("/matches", Answer(body=as_body(org_answer(org_match(), after))))
    batch = await matches(web, MAY, MAY, frozenset({"E0", "D1", "SC0"}))
    assert [match.external_id for match in batch.matches] == ["538122"]
    assert web.requests[0].query == {
        "competitions": "PL,BL1",
        "dateFrom": "2026-05-01",
        "dateTo": "2026-05-02",
    }
    assert web.requests[0].headers["X-Auth-Token"] == "hunter2"


async def test_a_long_period_is_asked_for_ten_days_at_a_time_and_no_match_comes_twice(
    web: WebServer,
) -> None:
    web.answer("/matches", Answer(body=as_body(org_answer(org_match()))))
    gate = CountingGate()
    batch = await matches(web, MAY, MAY + timedelta(days=24), gate=gate)
    assert [(asked.query["dateFrom"], asked.query["dateTo"]) for asked in web.requests] == [
        ("2026-05-01", "2026-05-11"),
        ("2026-05-11", "2026-05-21"),
        ("2026-05-21", "2026-05-26"),
    ]
    assert (len(batch.matches), gate.entered) == (1, 3)
    assert web.requests[0].query["competitions"] == "PL,ELC,BL1,SA,PD,FL1,DED,PPL"


async def test_leagues_that_the_provider_does_not_have_are_not_asked_for(web: WebServer) -> None:
    assert await matches(web, MAY, MAY, frozenset({"SC3"})) == MatchBatch([], [])
    assert web.asked == []


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (200, {"X-Requests-Available-Minute": "9", "X-RequestCounter-Reset": "42"}, None),
        (200, {"X-Requests-Available-Minute": "0", "X-RequestCounter-Reset": "42"}, timedelta(seconds=42)),
        (200, {"X-Requests-Available-Minute": "0"}, None),
        (429, {"X-RequestCounter-Reset": "42"}, timedelta(seconds=42)),
        (429, {}, None),
    ],
)
def test_the_quota_is_read_from_the_headers(
    status: int, headers: dict[str, str], wait: timedelta | None
) -> None:
    assert quota_used_up(Reply(status, headers, b"")) == wait


@needs_shared_data
def test_a_recorded_answer_is_read() -> None:
    recorded = SHARED / "samples" / "football" / "football_data_org_v4_team_matches.json"
    batch = read_matches(json.loads(recorded.read_bytes()))
    states = [match.status for match in batch.matches]
    assert {state: states.count(state) for state in set(states)} == {
        MatchStatus.PLAYED: 18,
        MatchStatus.SCHEDULED: 19,
        MatchStatus.POSTPONED: 1,
    }
    assert sum(not match.kickoff_time_known for match in batch.matches) == 12
    assert {row.reason for row in batch.rejected} == {"competition 'CL' is none of the known leagues"}
    assert len(batch.rejected) == 8
