"""Downloads: retried where waiting can heal, bounded, never led elsewhere."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import socket

import httpx2
import pytest

from providers.http import DownloadFailed, download, seconds_to_wait
from tests.providers.web import Answer, WebServer


def status_error(status: int, retry_after: str | None = None) -> httpx2.HTTPStatusError:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    request = httpx2.Request("GET", "http://example.org")
    return httpx2.HTTPStatusError("", request=request, response=httpx2.Response(status, headers=headers))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(web: WebServer, status: int) -> None:
    web.answer("/E0.csv", Answer(status), Answer(status), Answer(body=b"rows"))
    assert download(f"{web.url}/E0.csv") == b"rows"
    assert len(web.asked) == 3


def test_after_four_attempts_it_gives_up(web: WebServer) -> None:
    web.answer("/E0.csv", Answer(503))
    with pytest.raises(DownloadFailed, match="answered 503"):
        download(f"{web.url}/E0.csv")
    assert len(web.asked) == 4


def test_a_lasting_failure_is_not_tried_again(web: WebServer) -> None:
    with pytest.raises(DownloadFailed, match="answered 404"):
        download(f"{web.url}/E0.csv")
    assert len(web.asked) == 1


def test_the_server_says_how_long_to_wait() -> None:
    assert seconds_to_wait(status_error(429, "7")) == 7.0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < seconds_to_wait(status_error(503, later)) <= 30
    assert seconds_to_wait(status_error(503)) is True
    assert seconds_to_wait(status_error(503, "soon")) is True


def test_it_does_not_wait_longer_than_a_minute() -> None:
    assert seconds_to_wait(status_error(429, "3600")) is False


def test_what_waiting_does_not_heal_is_not_waited_for() -> None:
    assert seconds_to_wait(status_error(403)) is False
    assert seconds_to_wait(DownloadFailed("larger")) is False
    assert seconds_to_wait(httpx2.ReadTimeout("")) is True


def test_a_redirect_on_the_same_host_is_followed(web: WebServer) -> None:
    web.answer("/old.csv", Answer(301, headers={"Location": "/new.csv"}))
    web.serve("/new.csv", "rows")
    assert download(f"{web.url}/old.csv") == b"rows"


@pytest.mark.parametrize("target", ["http://localhost:1/x.csv", "//example.org/x.csv"])
def test_a_redirect_to_another_host_is_not_followed(web: WebServer, target: str) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": target}))
    with pytest.raises(DownloadFailed, match="another host"):
        download(f"{web.url}/old.csv")


def test_a_redirect_out_of_the_web_is_not_followed(web: WebServer) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": "ftp://127.0.0.1/x.csv"}))
    with pytest.raises(DownloadFailed, match="only http and https"):
        download(f"{web.url}/old.csv")


def test_redirects_in_a_circle_end(web: WebServer) -> None:
    web.answer("/old.csv", Answer(302, headers={"Location": "/old.csv"}))
    with pytest.raises(DownloadFailed, match="redirects"):
        download(f"{web.url}/old.csv")


def test_a_file_that_is_too_large_is_cut_off(web: WebServer) -> None:
    web.serve("/E0.csv", "x" * 2_000)
    with pytest.raises(DownloadFailed, match="larger than 1000 bytes"):
        download(f"{web.url}/E0.csv", most_bytes=1_000)
    assert len(web.asked) == 1


def test_nobody_there_is_a_failure_and_not_a_crash() -> None:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(DownloadFailed, match="no answer"):
            download(f"http://127.0.0.1:{taken.getsockname()[1]}/E0.csv")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "http://[", "E0.csv"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(DownloadFailed):
        download(url)
