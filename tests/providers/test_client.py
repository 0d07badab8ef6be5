"""Requests: retried where waiting can heal, bounded, never led elsewhere, and silent about keys."""

import gzip
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import socket
from time import monotonic

import pytest
import stamina

from providers.client import Answer as Good
from providers.client import Bounds, Client, NotModified
from providers.errors import (
    AnswerUnusable,
    KeyRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
)
from providers.gate import OPEN_GATE, Gate
from providers.reply import Reply, asked_wait
from providers.validator import Validator
from tests.providers.gates import CountingGate
from tests.providers.web import Answer, WebServer

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def get(
    web: WebServer, path: str = "/E0.csv", gate: Gate = OPEN_GATE, bounds: Bounds | None = None
) -> bytes:
    async with Client("source", gate=gate, bounds=bounds or Bounds()) as client:
        answer = await client.get(f"{web.url}{path}")
    assert isinstance(answer, Good)
    return answer.body


async def get_url(url: str) -> None:
    async with Client("source") as client:
        await client.get(url)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_failure_is_tried_again(web: WebServer, status: int) -> None:
    web.answer("/E0.csv", Answer(status), Answer(status), Answer(body=b"rows"))
    assert await get(web) == b"rows"
    assert len(web.asked) == 3


async def test_after_four_attempts_it_gives_up(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(503))
    with pytest.raises(ProviderUnavailable, match="source: the server answered 503"):
        await get(web)
    assert len(web.asked) == 4


@pytest.mark.parametrize(("status", "error"), [(404, RequestRefused), (401, KeyRefused), (403, KeyRefused)])
async def test_a_lasting_failure_is_not_tried_again(
    web: WebServer, status: int, error: type[ProviderError]
) -> None:
    web.answer("/E0.csv", Answer(status))
    with pytest.raises(error, match=f"answered {status}"):
        await get(web)
    assert len(web.asked) == 1


async def test_a_refusal_has_the_providers_own_word_for_it(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(422, b'{"error_code": "INVALID_REGION", "message": "?"}'))
    with pytest.raises(RequestRefused) as refusal:
        await get(web)
    assert (refusal.value.status, refusal.value.code) == (422, "INVALID_REGION")


async def test_a_word_that_is_none_is_not_repeated(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(422, b'{"error_code": "your key is 1234"}'))
    with pytest.raises(RequestRefused) as refusal:
        await get(web)
    assert str(refusal.value) == "source: the server answered 422"


async def test_a_lost_connection_is_tried_again(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(body=b"ro", breaks_off=True), Answer(body=b"rows"))
    assert await get(web) == b"rows"


async def test_a_short_wait_that_is_asked_for_is_obeyed(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(429, headers={"Retry-After": "1"}), Answer(body=b"rows"))
    gate, began = CountingGate(), monotonic()
    with stamina.set_testing(False):
        assert await get(web, gate=gate) == b"rows"
    assert monotonic() - began >= 1
    assert (gate.entered, gate.blocked) == (2, [timedelta(seconds=1)])


@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_wait_that_is_asked_for_is_left_to_the_caller(web: WebServer, status: int) -> None:
    web.answer("/E0.csv", Answer(status, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as limited:
        await get(web)
    assert limited.value.wait == timedelta(hours=1)
    assert len(web.asked) == 1


async def test_too_many_requests_without_an_end_are_a_limit_of_a_minute(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(429))
    with pytest.raises(RateLimited) as limited:
        await get(web)
    assert limited.value.wait == timedelta(minutes=1)
    assert len(web.asked) == 4


async def test_the_quota_of_a_good_answer_closes_the_gate_and_the_answer_counts(web: WebServer) -> None:
    web.serve("/E0.csv", "rows")
    gate = CountingGate()
    async with Client("source", gate=gate, quota=lambda _: timedelta(seconds=42)) as client:
        assert await client.get(f"{web.url}/E0.csv") == Good(b"rows", None)
    assert gate.blocked == [timedelta(seconds=42)]


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), timedelta(seconds=30)),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), timedelta(0)),
        ("99999999", timedelta(days=31)),
        ("9" * 50, None),
        ("-5", None),
        ("\u0661", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, wait: timedelta | None) -> None:
    assert asked_wait(Reply(429, {"retry-after": said}, b""), NOW) == wait


async def test_every_request_goes_through_the_gate(web: WebServer) -> None:
    web.answer("/old.csv", Answer(500), Answer(301, headers={"Location": "/new.csv"}))
    web.serve("/new.csv", "rows")
    gate = CountingGate()
    await get(web, "/old.csv", gate)
    assert gate.entered == len(web.asked) == 3


async def test_what_the_gate_raises_reaches_the_caller_and_nothing_is_asked(web: WebServer) -> None:
    class ClosedGate(CountingGate):
        async def enter(self) -> None:
            raise LookupError("come back later")

    with pytest.raises(LookupError, match="come back later"):
        await get(web, gate=ClosedGate())
    assert web.asked == []


async def test_a_redirect_on_the_same_server_is_followed(web: WebServer) -> None:
    web.answer("/old.csv", Answer(301, headers={"Location": "/new.csv"}))
    web.serve("/new.csv", "rows")
    assert await get(web, "/old.csv") == b"rows"


@pytest.mark.parametrize(
    "target", ["http://localhost:1/x.csv", "//example.org/x.csv", "http://127.0.0.1:1/x.csv", "http://["]
)
async def test_a_redirect_to_another_server_is_not_followed(web: WebServer, target: str) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": target}))
    with pytest.raises(ProviderUnavailable, match="redirects to"):
        await get(web, "/old.csv")
    assert len(web.asked) == 1


async def test_a_redirect_out_of_the_web_is_not_followed(web: WebServer) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": "ftp://127.0.0.1/x.csv"}))
    with pytest.raises(ProviderUnavailable, match="only http and https"):
        await get(web, "/old.csv")


async def test_redirects_in_a_circle_end(web: WebServer) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": "/old.csv"}))
    with pytest.raises(ProviderUnavailable, match="more than 5 redirects"):
        await get(web, "/old.csv")


@pytest.mark.parametrize(
    "body", [b"x" * 2_000, gzip.compress(b"x" * 2_000, mtime=0)], ids=["plain", "packed"]
)
async def test_an_answer_that_is_too_large_is_cut_off(web: WebServer, body: bytes) -> None:
    packed = {"Content-Encoding": "gzip"} if body[0] != ord("x") else {}
    web.answer("/E0.csv", Answer(body=body, headers=packed))
    with pytest.raises(AnswerUnusable, match="larger than 1000 bytes"):
        await get(web, bounds=Bounds(most_bytes=1_000))
    assert len(web.asked) == 1


async def test_an_answer_that_is_not_what_it_says_it_is_packed_as_is_unusable(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(body=b"rows", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(AnswerUnusable, match="cannot be decompressed"):
        await get(web)


async def test_a_body_that_trickles_ends_at_the_deadline(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(trickles=True))
    began = monotonic()
    with pytest.raises(ProviderUnavailable, match=r"no whole answer within 0\.2 seconds"):
        await get(web, bounds=Bounds(deadline=timedelta(seconds=0.2)))
    assert monotonic() - began < 5
    assert len(web.asked) == 1


async def test_silence_is_tried_again_and_ends() -> None:
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        bounds = Bounds(silence=timedelta(seconds=0.05))
        async with Client("source", bounds=bounds) as client:
            with pytest.raises(ProviderUnavailable, match="did not answer in time"):
                await client.get(f"http://127.0.0.1:{silent.getsockname()[1]}/E0.csv")


async def test_nobody_there_is_a_failure_and_not_a_crash() -> None:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderUnavailable, match="no answer"):
            await get_url(f"http://127.0.0.1:{taken.getsockname()[1]}/E0.csv")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "http://\x00", "E0.csv"])
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ProviderUnavailable, match="only http and https"):
        await get_url(url)


async def test_what_has_not_changed_is_not_sent_again(web: WebServer) -> None:
    given = {"ETag": '"1-a"', "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT"}
    web.answer("/E0.csv", Answer(body=b"rows", headers=given), Answer(304))
    async with Client("source") as client:
        first = await client.get(f"{web.url}/E0.csv")
        assert isinstance(first, Good)
        second = await client.get(f"{web.url}/E0.csv", validator=first.validator)
    assert isinstance(second, NotModified)
    assert first.validator == Validator('"1-a"', "Fri, 01 May 2026 12:00:00 GMT")
    assert web.requests[1].headers["If-None-Match"] == '"1-a"'
    assert web.requests[1].headers["If-Modified-Since"] == "Fri, 01 May 2026 12:00:00 GMT"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe\xff"])
async def test_what_is_not_json_is_unusable(web: WebServer, body: bytes) -> None:
    web.answer("/odds", Answer(body=body))
    async with Client("source") as client:
        with pytest.raises(AnswerUnusable, match="not JSON"):
            await client.get_json(f"{web.url}/odds")
    assert len(web.asked) == 1


async def test_headers_and_query_go_with_every_request(web: WebServer) -> None:
    web.serve("/odds", "[1.10]")
    async with Client("source", headers={"X-Key": "k"}, query={"apiKey": "k"}) as client:
        assert str(await client.get_json(f"{web.url}/odds", {"page": "2"})) == "[Decimal('1.10')]"
    assert web.requests[0].query == {"apiKey": "k", "page": "2"}
    assert web.requests[0].headers["X-Key"] == "k"


async def test_the_libraries_below_say_nothing_of_addresses(
    web: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    web.answer("/odds", Answer(503), Answer(body=b"[]"))
    with caplog.at_level(logging.DEBUG):
        async with Client("source", query={"apiKey": "hunter2"}) as client:
            await client.get_json(f"{web.url}/odds")
    assert "hunter2" not in caplog.text
