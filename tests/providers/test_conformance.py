"""All providers against one server that answers as theirs do, and as no server should."""

import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from providers import football_data
from providers.client import Bounds
from providers.errors import (
    AnswerUnusable,
    KeyRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
)
from providers.football_data_org import FootballDataOrg
from providers.gate import Gate
from providers.rows import MatchBatch, MatchStatus
from providers.sportmonks import SportMonks
from providers.the_odds_api import TheOddsApi
from providers.validation import validated
from tests.providers.answers import (
    as_body,
    bookmaker,
    h2h,
    monks_fixture,
    monks_page,
    odds_event,
    org_answer,
    org_match,
    org_score,
    scored_event,
    totals,
)
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer
from tests.sports.league import SHARED, needs_shared_data

KEY = "hunter2"
NOW = datetime(2026, 5, 1, 18, 30, tzinfo=UTC)
MAY = date(2026, 5, 1)
# Smaller than the server's good answers are not, larger than a test needs.
BOUNDS = Bounds(deadline=timedelta(seconds=2), most_bytes=200_000)
CSV = """Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,AvgH,AvgD,AvgA
E0,01/05/2026,20:00,Arsenal,Chelsea,2,1,H,1.95,3.6,4.1
E0,02/05/2026,15:00,Everton,Fulham,,,,2.2,3.3,3.4
"""

Fetch = Callable[[str, Gate, Bounds], Awaitable[MatchBatch]]


@dataclass(frozen=True)
class Adapter:
    """One way into a provider. `good` is an answer with two matches, `halves` one with a broken and a good.

    `unusable` is what comes of an answer that is none: an error, or None where it is a rejected row.
    `unknown` is what comes of 404: a provider may say so of a league that is not in season.
    """

    name: str
    fetch: Fetch
    good: bytes
    halves: bytes
    nothing: bytes
    statuses: list[MatchStatus]
    unusable: type[ProviderError] | None = AnswerUnusable
    unknown: type[ProviderError] | None = RequestRefused


async def csv_file(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    location = f"{url}/mmz4281/2526/E0.csv?key={KEY}".replace("http://", f"http://user:{KEY}@")
    return await football_data.fetch(location, "Europe/London", gate=gate, bounds=bounds)


async def org(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await FootballDataOrg(SecretStr(KEY), gate, url, bounds).matches(MAY, MAY)


async def org_of_a_season(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await FootballDataOrg(SecretStr(KEY), gate, url, bounds).matches(
        date(2023, 8, 1), date(2024, 5, 31), {"E0"}
    )


async def odds(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await TheOddsApi(SecretStr(KEY), gate, url, bounds=bounds).odds("E0", NOW)


async def odds_of_rapidapi(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await TheOddsApi.of_rapidapi(SecretStr(KEY), gate, url, bounds).odds("E0", NOW)


async def scores(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await TheOddsApi(SecretStr(KEY), gate, url, bounds=bounds).scores("E0", NOW)


async def monks(url: str, gate: Gate, bounds: Bounds) -> MatchBatch:
    return await SportMonks(SecretStr(KEY), gate, url, bounds).fixtures(MAY, MAY, NOW)


PRICED = odds_event(bookmaker(h2h(), totals()))
ODDS = {
    "good": as_body([PRICED, {**PRICED, "id": "2"}]),
    "halves": as_body([odds_event(home_team=None), PRICED]),
    "nothing": b"[]",
    "statuses": [MatchStatus.SCHEDULED, MatchStatus.SCHEDULED],
    "unknown": None,
}
FINISHED = org_match(status="FINISHED", score=org_score((2, 1), (1, 0)))
ADAPTERS = [
    Adapter(
        "football_data",
        csv_file,
        good=CSV.encode(),
        halves=CSV.replace("2,1,H", "2,x,H").encode(),
        nothing=CSV.splitlines()[0].encode(),
        statuses=[MatchStatus.PLAYED, MatchStatus.SCHEDULED],
        unusable=None,
    ),
    Adapter(
        "football_data_org",
        org,
        good=as_body(org_answer(FINISHED, org_match(id=2))),
        halves=as_body(org_answer(org_match(homeTeam={"id": None, "name": None}), FINISHED)),
        nothing=as_body(org_answer()),
        statuses=[MatchStatus.PLAYED, MatchStatus.SCHEDULED],
    ),
    Adapter("the_odds_api odds", odds, **ODDS),  # type: ignore[arg-type]
    Adapter("the_odds_api odds of rapidapi", odds_of_rapidapi, **ODDS),  # type: ignore[arg-type]
    Adapter(
        "the_odds_api scores",
        scores,
        good=as_body([scored_event(), scored_event(id="2", completed=False, scores=None)]),
        halves=as_body([scored_event(scores=None), scored_event()]),
        nothing=b"[]",
        statuses=[MatchStatus.PLAYED, MatchStatus.SCHEDULED],
        unknown=None,
    ),
    Adapter(
        "sportmonks",
        monks,
        good=as_body(monks_page(monks_fixture(), monks_fixture(id=2, state={"developer_name": "NS"}))),
        halves=as_body(monks_page(monks_fixture(state=None), monks_fixture())),
        nothing=as_body(monks_page()),
        statuses=[MatchStatus.PLAYED, MatchStatus.SCHEDULED],
    ),
]


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.name)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    assert isinstance(request.param, Adapter)
    return request.param


@pytest.fixture
def gate() -> CountingGate:
    return CountingGate()


@pytest.fixture(autouse=True)
def nothing_shows_the_key(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    printed = capfd.readouterr()
    assert KEY not in caplog.text + printed.out + printed.err


async def failure(
    adapter: Adapter, web: WebServer, gate: CountingGate, kind: type[ProviderError]
) -> ProviderError:
    """The error, which neither shows the key nor leads to it, after as many requests as passed the gate."""
    with pytest.raises(kind) as raised:
        await adapter.fetch(web.url, gate, BOUNDS)
    error: BaseException | None = raised.value
    assert KEY not in "".join(traceback.format_exception(raised.value))
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert gate.entered == len(web.requests)
    return raised.value


async def batch_of(adapter: Adapter, web: WebServer, gate: CountingGate) -> MatchBatch:
    batch = await adapter.fetch(web.url, gate, BOUNDS)
    assert KEY not in repr(batch)
    assert gate.entered == len(web.requests)
    return batch


def moments(batch: MatchBatch) -> list[datetime]:
    return [
        *(match.kickoff_at for match in batch.matches),
        *(row.known_at for match in batch.matches for row in match.odds),
        *(row.known_at for row in batch.lineups),
    ]


async def test_a_good_answer_is_rows(adapter: Adapter, web: WebServer, gate: CountingGate) -> None:
    web.otherwise = Answer(body=adapter.good)
    batch = await batch_of(adapter, web, gate)
    assert [match.status for match in batch.matches] == adapter.statuses
    assert {match.league_code for match in batch.matches} == {"E0"}
    assert (batch.rejected, len(web.requests)) == ([], 1)
    assert {moment.utcoffset() for moment in moments(batch)} == {timedelta(0)}
    assert validated(batch, adapter.name) == batch


async def test_goals_are_there_for_what_was_played(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(body=adapter.good)
    for match in (await batch_of(adapter, web, gate)).matches:
        assert (match.home_goals is None) == (match.status is not MatchStatus.PLAYED)


async def test_the_broken_part_of_an_answer_is_one_rejected_row(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(body=adapter.halves)
    batch = await batch_of(adapter, web, gate)
    assert (len(batch.matches), len(batch.rejected)) == (1, 1)
    assert batch.rejected[0].source == adapter.name.split()[0]
    assert batch.rejected[0].line > 0


async def test_an_answer_with_nothing_in_it_is_no_error(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(body=adapter.nothing)
    batch = await batch_of(adapter, web, gate)
    assert (batch.matches, batch.rejected) == ([], [])


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_not_tried_again(
    adapter: Adapter, web: WebServer, gate: CountingGate, status: int
) -> None:
    web.otherwise = Answer(status, as_body({"message": f"your key {KEY} is wrong", "errorCode": status}))
    await failure(adapter, web, gate, KeyRefused)
    assert gate.entered == 1


@pytest.mark.parametrize("status", [404, 422])
async def test_what_the_provider_does_not_know_is_not_asked_again(
    adapter: Adapter, web: WebServer, gate: CountingGate, status: int
) -> None:
    web.otherwise = Answer(status, as_body({"message": f"no such thing for {KEY}"}))
    if adapter.unknown is None:
        assert await batch_of(adapter, web, gate) == MatchBatch([], [])
    else:
        await failure(adapter, web, gate, adapter.unknown)
    assert gate.entered == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_fault_of_the_server_is_tried_again_and_then_told(
    adapter: Adapter, web: WebServer, gate: CountingGate, status: int
) -> None:
    web.otherwise = Answer(status, f"<html>{KEY}</html>".encode())
    await failure(adapter, web, gate, ProviderUnavailable)
    assert gate.entered == 4


async def test_a_fault_that_passes_costs_nothing_but_time(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    await batch_after(adapter, web, gate, Answer(500), Answer(body=b"{", breaks_off=True))
    assert gate.entered == 3


async def test_a_short_wait_that_is_asked_for_is_waited_here(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    await batch_after(adapter, web, gate, Answer(429, headers={"Retry-After": "2"}))
    assert (gate.entered, gate.blocked) == (2, [timedelta(seconds=2)])


async def batch_after(adapter: Adapter, web: WebServer, gate: CountingGate, *faults: Answer) -> None:
    """The good answer comes after the faults, on the path that the provider has."""
    web.otherwise = Answer(body=adapter.good)
    await adapter.fetch(web.url, CountingGate(), BOUNDS)
    web.answer(web.requests.pop().path, *faults, Answer(body=adapter.good))
    assert len((await batch_of(adapter, web, gate)).matches) == 2


async def test_a_long_wait_that_is_asked_for_is_the_callers(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(429, headers={"Retry-After": "900"})
    error = await failure(adapter, web, gate, RateLimited)
    assert isinstance(error, RateLimited)
    assert error.wait == timedelta(minutes=15)
    assert (gate.entered, gate.blocked) == (1, [timedelta(minutes=15)])


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"matches": [', b"null", b"42", b'"text"'])
async def test_an_answer_that_is_none_is_told(
    adapter: Adapter, web: WebServer, gate: CountingGate, body: bytes
) -> None:
    web.otherwise = Answer(body=body)
    if adapter.unusable is None:
        batch = await batch_of(adapter, web, gate)
        assert (batch.matches, len(batch.rejected)) == ([], 1)
    else:
        await failure(adapter, web, gate, adapter.unusable)
    assert gate.entered == 1


async def test_a_body_that_breaks_off_is_never_half_an_answer(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(body=adapter.good, breaks_off=True)
    await failure(adapter, web, gate, ProviderUnavailable)
    assert gate.entered == 4


async def test_a_body_that_trickles_ends_at_the_deadline(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(trickles=True)
    with pytest.raises(ProviderUnavailable, match="no whole answer within"):
        await adapter.fetch(web.url, gate, Bounds(deadline=timedelta(seconds=0.2)))
    assert gate.entered == 1


async def test_a_body_that_is_too_large_is_cut_off(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(body=adapter.good + b" " * BOUNDS.most_bytes)
    await failure(adapter, web, gate, AnswerUnusable)
    assert gate.entered == 1


async def test_a_redirect_elsewhere_takes_no_key_along(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    web.otherwise = Answer(302, headers={"Location": f"http://localhost:{web.server_port}/?{KEY}"})
    await failure(adapter, web, gate, ProviderUnavailable)
    assert gate.entered == 1


async def test_null_in_every_field_is_refused_and_breaks_nothing(
    adapter: Adapter, web: WebServer, gate: CountingGate
) -> None:
    if adapter.unusable is None:
        pytest.skip("a CSV file has no null")
    for body in nulls(adapter.good):
        web.otherwise = Answer(body=body)
        batch = await adapter.fetch(web.url, gate, BOUNDS)
        assert len(batch.matches) + len(batch.rejected) >= 2
        assert len(batch.matches) >= 1


def nulls(body: bytes) -> Iterator[bytes]:
    """The answer again and again, each time with another field of its first element null."""
    whole = json.loads(body)
    listed = whole if isinstance(whole, list) else next(v for v in whole.values() if isinstance(v, list))
    first = listed[0]
    for field in list(first):
        listed[0] = {**first, field: None}
        yield json.dumps(whole).encode()


@needs_shared_data
@pytest.mark.parametrize(
    ("fetch", "file", "matches"),
    [
        (csv_file, "2020-2021_Premier.csv", 184),
        (org_of_a_season, "football_data_org_v4_team_matches.json", 38),
        (odds, "the_odds_api_v4_soccer_epl_odds.json", 11),
    ],
)
async def test_a_recorded_answer_is_rows(
    web: WebServer, gate: CountingGate, fetch: Fetch, file: str, matches: int
) -> None:
    web.otherwise = Answer(body=(SHARED / "samples" / "football" / file).read_bytes())
    batch = await fetch(web.url, gate, Bounds())
    assert len(batch.matches) == matches
    assert {moment.utcoffset() for moment in moments(batch)} == {timedelta(0)}
    assert validated(batch, "source") == batch


def test_no_adapter_shows_its_key() -> None:
    key = SecretStr(KEY)
    shown: list[Any] = [FootballDataOrg(key), TheOddsApi(key), TheOddsApi.of_rapidapi(key), SportMonks(key)]
    assert KEY not in repr(shown)
