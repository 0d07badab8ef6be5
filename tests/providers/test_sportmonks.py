"""SportMonks v3: pages, the budget in the body, states, team sheets and what was done in a match."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from providers.errors import AnswerUnusable
from providers.reply import Reply
from providers.rows import (
    LineupPlayer,
    MatchBatch,
    MatchRow,
    MatchStatus,
    PlayerStatRow,
    Position,
    Side,
    TeamStatisticRow,
)
from providers.sportmonks import MOST_PAGES, SportMonks, quota_used_up
from providers.sportmonks_fixture import read_fixtures
from providers.wire import Place
from tests.providers.answers import (
    as_body,
    monks_eleven,
    monks_fixture,
    monks_page,
    monks_player,
    monks_score,
)
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer

NOW = datetime(2026, 5, 2, 6, tzinfo=UTC)
KICKOFF = datetime(2026, 5, 1, 19, tzinfo=UTC)
MAY = date(2026, 5, 1)
FIXTURES = "/fixtures/between/2026-05-01/2026-05-01"


def read(*fixtures: Any, now: datetime = NOW) -> MatchBatch:
    return read_fixtures([*fixtures], Place("sportmonks", "fixtures page 1"), now)


def one(**changes: Any) -> MatchBatch:
    batch = read(monks_fixture(**changes))
    assert batch.rejected == []
    return batch


def state(name: str) -> dict[str, str]:
    return {"developer_name": name}


def test_a_finished_fixture_is_a_match_with_both_scores() -> None:
    assert one().matches == [
        MatchRow(
            league_code="E0",
            season="2025-26",
            kickoff_at=KICKOFF,
            kickoff_time_known=True,
            home_team="Liverpool",
            away_team="Arsenal",
            home_goals=2,
            away_goals=2,
            status=MatchStatus.PLAYED,
            half_time_home_goals=2,
            half_time_away_goals=1,
            external_id="18533878",
        )
    ]


def test_without_a_timestamp_the_text_is_in_utc() -> None:
    assert one(starting_at_timestamp=None).matches[0].kickoff_at == KICKOFF


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("NS", MatchStatus.SCHEDULED),
        ("DELAYED", MatchStatus.SCHEDULED),
        ("INPLAY_2ND_HALF", MatchStatus.IN_PLAY),
        ("INTERRUPTED", MatchStatus.IN_PLAY),
        ("POSTPONED", MatchStatus.POSTPONED),
        ("CANCELLED", MatchStatus.CANCELLED),
        ("ABANDONED", MatchStatus.ABANDONED),
    ],
)
def test_the_score_of_a_match_that_is_not_over_is_no_result(name: str, status: MatchStatus) -> None:
    match = one(state=state(name)).matches[0]
    assert (match.status, match.home_goals, match.half_time_home_goals) == (status, None, None)


def test_a_match_to_be_announced_has_no_time() -> None:
    assert not one(state=state("TBA"), scores=[]).matches[0].kickoff_time_known


def test_after_extra_time_the_score_of_the_second_half_counts() -> None:
    scores = monks_score("CURRENT", 3, 2) + monks_score("2ND_HALF", 2, 2)
    match = one(state=state("AET"), scores=scores).matches[0]
    assert (match.home_goals, match.away_goals) == (2, 2)


def test_a_match_without_the_score_of_its_second_half_has_the_current_one() -> None:
    assert one(scores=monks_score("CURRENT", 1, 0)).matches[0].home_goals == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"state": state("FT_PEN"), "scores": monks_score("CURRENT", 3, 2)},
            "a finished match without the score of its regular time",
        ),
        ({"scores": None}, "a finished match without the score of its regular time"),
        ({"state": state("DREAMED")}, "state 'DREAMED' is not known"),
        ({"state": None}, "state: Input should be a valid dictionary or instance of _State"),
        ({"league_id": 2}, "league 2 is none of the known ones"),
        ({"placeholder": True}, "the teams are not one at home and one away"),
        ({"participants": []}, "the teams are not one at home and one away"),
        ({"starting_at_timestamp": None, "starting_at": None}, "the kick-off is missing or no time"),
        ({"starting_at_timestamp": 10**18}, "starting_at_timestamp: Input should be less than or equal to"),
    ],
)
def test_a_fixture_that_cannot_be_used_is_refused_and_its_neighbour_lands(changes: Any, reason: str) -> None:
    batch = read(monks_fixture(**changes), monks_fixture(id=2))
    assert [match.external_id for match in batch.matches] == ["2"]
    assert [(row.file, row.line) for row in batch.rejected] == [("fixtures page 1", 1)]
    assert batch.rejected[0].reason.startswith(reason)


def test_a_team_sheet_has_starters_and_bench() -> None:
    bench = monks_player(899, 8, type_id=12, position_id=24, jersey_number=None)
    batch = one(lineups=[*monks_eleven(8), bench])
    (sheet,) = batch.lineups
    assert (sheet.match_external_id, sheet.side, sheet.team, sheet.team_external_id) == (
        *("18533878", Side.HOME),
        *("Liverpool", "8"),
    )
    assert len(sheet.players) == 12
    assert sheet.players[1] == LineupPlayer("801", "Player 801", True, Position.DEFENDER, 1)
    assert sheet.players[11] == LineupPlayer("899", "Player 899", False, Position.GOALKEEPER, None)


def test_a_team_sheet_is_known_when_it_is_seen_and_at_kick_off_at_the_latest() -> None:
    before = KICKOFF - timedelta(minutes=50)
    fixture = monks_fixture(state=state("NS"), scores=[])
    assert {sheet.known_at for sheet in read(fixture, now=before).lineups} == {before}
    assert {sheet.known_at for sheet in one().lineups} == {KICKOFF}


def test_what_players_did_is_told_of_those_who_did_something() -> None:
    scorer = monks_player(803, 8, (119, 90), (52, 2), (118, 7.4), (42, 3), (86, 2))
    batch = one(lineups=[scorer, monks_player(804, 8)])
    assert batch.player_stats == [
        PlayerStatRow(
            match_external_id="18533878",
            side=Side.HOME,
            team="Liverpool",
            player_external_id="803",
            player="Player 803",
            minutes=90,
            goals=2,
            assists=None,
            shots=3,
            shots_on_target=2,
            yellow_cards=None,
            red_cards=None,
            rating=7.4,
        )
    ]


def test_figures_of_teams_have_names() -> None:
    assert one().team_statistics == [
        TeamStatisticRow("18533878", Side.HOME, "Liverpool", "corners", 7.0),
        TeamStatisticRow("18533878", Side.AWAY, "Arsenal", "possession", 41.5),
    ]


def test_a_broken_part_is_refused_and_the_match_lands() -> None:
    lineups = [monks_player(1, 8, player_name=None), monks_player(2, 77), monks_player(3, 8, type_id=13)]
    statistics = [{"type_id": 34, "participant_id": 8, "data": None}]
    batch = read(monks_fixture(lineups=lineups, statistics=statistics))
    assert (len(batch.matches), batch.lineups, batch.team_statistics) == (1, [], [])
    assert [(row.file, row.line, row.reason) for row in batch.rejected] == [
        ("fixture 18533878 lineups", 1, "player_name: Input should be a valid string"),
        ("fixture 18533878 lineups", 2, "the team does not play in this match"),
        ("fixture 18533878 lineups", 3, "type_id: Input should be 11 or 12"),
        (
            "fixture 18533878 statistics",
            1,
            "data: Input should be a valid dictionary or instance of _Value",
        ),
    ]


def test_null_in_place_of_a_list_is_nothing() -> None:
    batch = one(lineups=None, statistics=None)
    assert (len(batch.matches), batch.lineups, batch.team_statistics) == (1, [], [])


async def fixtures(
    web: WebServer, gate: CountingGate, leagues: frozenset[str] | None = None, days: int = 1
) -> MatchBatch:
    provider = SportMonks(SecretStr("hunter2"), gate, web.url)
    return await provider.fixtures(MAY, MAY + timedelta(days=days - 1), NOW, leagues)


async def test_pages_are_followed_to_the_last(web: WebServer) -> None:
    more = {"has_more": True, "next_page": "https://elsewhere.example/?page=2"}
    last = {"has_more": False, "next_page": None}
    web.answer(
        FIXTURES,
        Answer(body=as_body(monks_page(monks_fixture(), pagination=more))),
        Answer(body=as_body(monks_page(monks_fixture(id=2), pagination=last))),
    )
    gate = CountingGate()
    batch = await fixtures(web, gate, frozenset({"E0", "B1"}))
    assert [match.external_id for match in batch.matches] == ["18533878", "2"]
    assert [request.query["page"] for request in web.requests] == ["1", "2"]
    assert {request.headers["Authorization"] for request in web.requests} == {"hunter2"}
    assert web.requests[0].query["filters"].startswith("fixtureLeagues:8,208;fixtureStatisticTypes:34,")
    assert (gate.entered, gate.blocked) == (2, [])


async def test_an_answer_without_paging_is_one_page(web: WebServer) -> None:
    web.answer(FIXTURES, Answer(body=as_body(monks_page(monks_fixture()))))
    assert len((await fixtures(web, CountingGate())).matches) == 1
    assert len(web.asked) == 1


async def test_pages_without_end_are_unusable(web: WebServer) -> None:
    web.answer(FIXTURES, Answer(body=as_body(monks_page({}, pagination={"has_more": True}))))
    with pytest.raises(AnswerUnusable, match=f"more than {MOST_PAGES} pages"):
        await fixtures(web, CountingGate())


async def test_a_long_period_is_asked_for_a_hundred_days_at_a_time(web: WebServer) -> None:
    web.otherwise = Answer(body=as_body(monks_page()))
    await fixtures(web, CountingGate(), days=150)
    assert web.asked == [
        "/fixtures/between/2026-05-01/2026-08-08",
        "/fixtures/between/2026-08-09/2026-09-27",
    ]


async def test_a_message_in_place_of_data_is_reported(web: WebServer) -> None:
    web.answer(FIXTURES, Answer(body=as_body({"message": "No result(s) found matching your request."})))
    batch = await fixtures(web, CountingGate())
    assert batch.matches == []
    assert [row.reason for row in batch.rejected] == ["no data: No result(s) found matching your request."]


async def test_a_budget_that_is_used_up_closes_the_gate_and_the_answer_counts(web: WebServer) -> None:
    spent = {"resets_in_seconds": 1847, "remaining": 0, "requested_entity": "Fixture"}
    web.answer(FIXTURES, Answer(body=as_body(monks_page(monks_fixture(), rate_limit=spent))))
    gate = CountingGate()
    assert len((await fixtures(web, gate)).matches) == 1
    assert gate.blocked == [timedelta(seconds=1847)]


@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [
        (429, as_body({"message": "?", "retry_after": 1847}), timedelta(seconds=1847)),
        (429, as_body({"rate_limit": {"remaining": 0, "resets_in_seconds": 60}}), timedelta(seconds=60)),
        (429, b"<html>", None),
        (200, as_body({"retry_after": 1847}), None),
    ],
)
def test_the_wait_is_read_from_the_body_of_a_refusal(
    status: int, body: bytes, wait: timedelta | None
) -> None:
    assert quota_used_up(Reply(status, {}, body)) == wait


@pytest.mark.parametrize("answer", [[], "text", {"data": {}}])
async def test_an_answer_of_another_shape_is_unusable(web: WebServer, answer: object) -> None:
    web.answer(FIXTURES, Answer(body=as_body(answer)))
    with pytest.raises(AnswerUnusable):
        await fixtures(web, CountingGate())
