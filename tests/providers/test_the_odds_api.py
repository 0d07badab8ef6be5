"""The Odds API v4: outcomes by name, prices from before kick-off, credits, the way through RapidAPI."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from providers.errors import AnswerUnusable, KeyRefused, RateLimited, RequestRefused
from providers.reply import Reply
from providers.rows import Market, MatchBatch, MatchRow, MatchStatus, OddsRow
from providers.the_odds_api import RAPIDAPI_URL, TheOddsApi, rapidapi_quota_used_up
from providers.the_odds_api_event import Asked, read_odds, read_scores
from tests.providers.answers import as_body, bookmaker, h2h, odds_event, odds_market, scored_event, totals
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer
from tests.sports.league import SHARED, needs_shared_data

NOW = datetime(2026, 4, 30, 10, tzinfo=UTC)
UPDATED = datetime(2026, 4, 30, 9, 53, 6, tzinfo=UTC)
KEY = SecretStr("hunter2")
EPL = "/sports/soccer_epl/odds"


def read(*events: Any, now: datetime = NOW) -> MatchBatch:
    return read_odds(json.loads(json.dumps(events), parse_float=Decimal), Asked("E0", "odds", now))


def scored(*events: Any, now: datetime = NOW) -> MatchBatch:
    return read_scores([*events], Asked("E0", "scores", now))


def odds_of(*markets: Any, **changes: Any) -> tuple[OddsRow, ...]:
    batch = read(odds_event(bookmaker(*markets), **changes))
    assert batch.rejected == []
    return batch.matches[0].odds


def refusal(*markets: Any) -> str:
    """Of a market beside a good one, which lands."""
    batch = read(odds_event(bookmaker(*markets, totals())))
    assert [row.market for row in batch.matches[0].odds] == [Market.OVER_UNDER]
    assert [row.line for row in batch.rejected] == [1]
    return batch.rejected[0].reason


def test_an_event_is_a_match_to_come() -> None:
    assert read(odds_event()).matches == [
        MatchRow(
            league_code="E0",
            season="2025-26",
            kickoff_at=datetime(2026, 5, 1, 19, tzinfo=UTC),
            kickoff_time_known=True,
            home_team="Tottenham",
            away_team="Chelsea",
            home_goals=None,
            away_goals=None,
            status=MatchStatus.SCHEDULED,
            external_id="e912304de2b2ce35b473ce2ecd3d1502",
        )
    ]


def test_outcomes_are_told_apart_by_name_and_never_by_their_order() -> None:
    prices = (Decimal("1.95"), Decimal("3.6"), Decimal("4.1"))
    assert odds_of(h2h()) == (OddsRow("pinnacle", Market.MATCH_RESULT, None, prices, False, UPDATED),)


def test_over_and_under_are_read_for_every_line() -> None:
    outcomes = totals()["outcomes"] + totals(3.25, 2.7, 1.5)["outcomes"]
    assert [(row.line, row.prices) for row in odds_of(odds_market("totals", outcomes))] == [
        (Decimal("2.5"), (Decimal("1.87"), Decimal("1.99"))),
        (Decimal("3.25"), (Decimal("2.7"), Decimal("1.5"))),
    ]


def test_a_market_without_a_moment_has_its_bookmakers_or_that_of_the_request() -> None:
    assert odds_of(h2h(last_update=None))[0].known_at == UPDATED
    batch = read(odds_event(bookmaker(h2h(last_update=None), last_update=None)))
    assert batch.matches[0].odds[0].known_at == NOW


def test_prices_from_after_kick_off_are_left_out_and_counted() -> None:
    late = h2h(last_update="2026-05-01T19:20:00Z", home=1.01)
    event = odds_event(bookmaker(late, totals()), bookmaker(late, key="bet365"))
    batch = read(event, now=datetime(2026, 5, 1, 19, 21, tzinfo=UTC))
    assert [row.market for row in batch.matches[0].odds] == [Market.OVER_UNDER]
    assert batch.matches[0].status == MatchStatus.IN_PLAY
    assert [row.reason for row in batch.rejected] == ["2 prices were made after kick-off"]


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        (h2h(home=1.0), "odds 1.0 are not above 1 and at most 1000"),
        (h2h(home=1001), "odds 1001 are not above 1 and at most 1000"),
        (h2h(home=3.4, draw=3.9, away=4.4), "inverse odds add up to 0.78, not 0.9 to 1.6"),
        (
            odds_market("h2h", [{"name": "Tottenham", "price": 1.5}, {"name": "Chelsea", "price": 2.5}]),
            "the outcomes are not Tottenham, Draw, Chelsea",
        ),
        (
            odds_market("h2h", [{"name": "Spurs", "price": 1.5}, *h2h()["outcomes"][1:]]),
            "the outcomes are not Tottenham, Draw, Chelsea",
        ),
        (
            odds_market("totals", [{"name": "Over", "price": 1.9}, {"name": "Under", "price": 1.9}]),
            "an outcome of over/under without a line",
        ),
        (odds_market("spreads", []), "market spreads was not asked for"),
        (odds_market("h2h", [{"name": "Tottenham"}]), "outcomes.0.price: Field required"),
        ({"key": "h2h", "outcomes": None}, "outcomes: Input should be a valid list"),
    ],
)
def test_a_market_that_cannot_be_used_is_refused_and_its_neighbour_lands(market: Any, reason: str) -> None:
    assert refusal(market) == reason


def test_a_broken_bookmaker_costs_nobody_else_anything() -> None:
    batch = read(odds_event({"key": None, "markets": []}, bookmaker(h2h())))
    assert len(batch.matches[0].odds) == 1
    assert [row.reason for row in batch.rejected] == ["key: Input should be a valid string"]


def test_a_broken_event_costs_nobody_else_anything() -> None:
    batch = read(odds_event(home_team=None), odds_event(bookmakers=None))
    assert (len(batch.matches), batch.matches[0].odds) == (1, ())
    assert [row.reason for row in batch.rejected] == ["home_team: Input should be a valid string"]


def test_scores_are_strings_in_any_order() -> None:
    match = scored(scored_event()).matches[0]
    assert (match.status, match.home_goals, match.away_goals) == (MatchStatus.PLAYED, 2, 1)


@pytest.mark.parametrize(
    ("hour", "scores", "status"),
    [(18, None, MatchStatus.SCHEDULED), (20, scored_event()["scores"], MatchStatus.IN_PLAY)],
)
def test_the_score_of_a_match_that_is_not_completed_is_no_result(
    hour: int, scores: Any, status: MatchStatus
) -> None:
    event = scored_event(completed=False, scores=scores)
    match = scored(event, now=datetime(2026, 5, 1, hour, tzinfo=UTC)).matches[0]
    assert (match.status, match.home_goals) == (status, None)


def test_a_completed_match_without_scores_is_refused() -> None:
    batch = scored(scored_event(scores=None), scored_event())
    assert len(batch.matches) == 1
    assert [row.reason for row in batch.rejected] == ["a completed match without the scores of both teams"]


@pytest.mark.parametrize("answer", [None, {}, {"message": "?"}])
def test_an_answer_of_another_shape_is_unusable(answer: object) -> None:
    with pytest.raises(AnswerUnusable):
        read_odds(answer, Asked("E0", "odds", NOW))


async def test_the_key_goes_in_the_query_and_two_markets_of_a_region_are_asked_for(web: WebServer) -> None:
    web.answer(EPL, Answer(body=as_body([odds_event(bookmaker(h2h()))])))
    batch = await TheOddsApi(KEY, base_url=web.url).odds("E0", NOW)
    assert len(batch.matches[0].odds) == 1
    assert web.requests[0].query == {
        "apiKey": "hunter2",
        "regions": "eu",
        "markets": "h2h,totals",
        "oddsFormat": "decimal",
        "dateFormat": "iso",
    }


async def test_through_rapidapi_the_key_goes_in_a_header(web: WebServer) -> None:
    web.answer(EPL, Answer(body=b"[]"))
    await TheOddsApi.of_rapidapi(KEY, base_url=web.url).odds("E0", NOW)
    assert "apiKey" not in web.requests[0].query
    headers = {name.lower(): value for name, value in web.requests[0].headers.items()}
    assert headers["x-rapidapi-key"] == "hunter2"
    assert headers["x-rapidapi-host"] == "odds.p.rapidapi.com"


def test_its_own_key_is_preferred_to_that_of_rapidapi() -> None:
    assert not TheOddsApi.of_keys(KEY, SecretStr("other")).through_rapidapi
    through = TheOddsApi.of_keys(SecretStr(""), KEY)
    assert (through.through_rapidapi, through.base_url, through.key) == (True, RAPIDAPI_URL, KEY)


@pytest.mark.parametrize("status", [404, 422])
async def test_a_league_that_is_not_in_season_has_no_rows(web: WebServer, status: int) -> None:
    web.answer(EPL, Answer(status, as_body({"message": "?", "error_code": "UNKNOWN_SPORT"})))
    assert await TheOddsApi(KEY, base_url=web.url).odds("E0", NOW) == MatchBatch([], [])


async def test_a_request_that_is_wrong_is_not_taken_for_the_end_of_a_season(web: WebServer) -> None:
    web.answer(EPL, Answer(422, as_body({"message": "?", "error_code": "INVALID_REGION"})))
    with pytest.raises(RequestRefused, match="INVALID_REGION"):
        await TheOddsApi(KEY, base_url=web.url).odds("E0", NOW)


async def test_a_league_that_the_provider_does_not_have_costs_no_credit(web: WebServer) -> None:
    assert await TheOddsApi(KEY, base_url=web.url).scores("SC3", NOW) == MatchBatch([], [])
    assert web.asked == []


async def test_a_key_without_credits_is_no_wrong_key(web: WebServer) -> None:
    gate = CountingGate()
    web.answer(
        EPL,
        Answer(401, as_body({"error_code": "OUT_OF_USAGE_CREDITS"})),
        Answer(401, as_body({"error_code": "INVALID_KEY"})),
    )
    provider = TheOddsApi(KEY, gate, web.url)
    with pytest.raises(RateLimited):
        await provider.odds("E0", NOW)
    assert gate.blocked == [timedelta(days=1)]
    with pytest.raises(KeyRefused):
        await provider.odds("E0", NOW)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-requests-remaining": "7", "x-ratelimit-requests-reset": "2163603"}, None),
        (
            {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "2163603"},
            timedelta(seconds=2_163_603),
        ),
        ({}, None),
    ],
)
def test_rapidapi_tells_when_its_quota_is_full_again(headers: dict[str, str], wait: timedelta | None) -> None:
    assert rapidapi_quota_used_up(Reply(200, headers, b"")) == wait


@needs_shared_data
def test_a_recorded_answer_is_read() -> None:
    recorded = SHARED / "samples" / "football" / "the_odds_api_v4_soccer_epl_odds.json"
    answer = json.loads(recorded.read_bytes(), parse_float=Decimal)
    batch = read_odds(answer, Asked("E0", "odds", datetime(2024, 8, 19, 9, tzinfo=UTC)))
    assert (len(batch.matches), batch.rejected) == (11, [])
    tottenham = next(match for match in batch.matches if match.home_team == "Tottenham Hotspur")
    assert tottenham.odds[0].prices == (Decimal("1.44"), Decimal("4.75"), Decimal("5.75"))
