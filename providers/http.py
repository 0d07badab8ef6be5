"""Downloads one file: bounded in size and time, retried where waiting can heal, never led to another host."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import stamina

ATTEMPTS = 4
MOST_REDIRECTS = 5
MOST_SECONDS_TO_WAIT = 60.0
MOST_BYTES = 20_000_000
TIMEOUT = httpx2.Timeout(15.0, connect=5.0)
SCHEMES = ("http", "https")


class DownloadFailed(Exception):
    """The file could not be had; the text says why, without the address."""


def download(url: str, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes behind an http or https address. Raises DownloadFailed.

    Timeouts, lost connections, 429 and 5xx are tried again, at most four times in all, after the wait that
    the server asks for with Retry-After (at most a minute), else with exponential waits and jitter.
    """
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise DownloadFailed("only http and https addresses can be read") from None
    # Not as a decorator: its log line would have the address, which may hold a key.
    for attempt in stamina.retry_context(
        on=_after, attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=20.0
    ):
        with attempt:
            try:
                return _download(address, most_bytes)
            except httpx2.HTTPError as error:
                raise _TryFailed(_why(error), seconds_to_wait(error)) from None
    raise AssertionError("the last attempt returns or raises")


class _TryFailed(DownloadFailed):
    """One try; `wait` says whether to try again, and after how many seconds if the server does."""

    def __init__(self, why: str, wait: bool | float) -> None:
        super().__init__(why)
        self.wait = wait


def _after(error: Exception) -> bool | float:
    return isinstance(error, _TryFailed) and error.wait


def _why(error: httpx2.HTTPError) -> str:
    match error:
        case httpx2.HTTPStatusError():
            return f"the server answered {error.response.status_code}"
        case httpx2.TimeoutException():
            return "the server did not answer in time"
    return f"no answer could be had: {type(error).__name__}"


def seconds_to_wait(error: Exception) -> bool | float:
    """Whether to try again after this error: no, yes, or yes after so many seconds."""
    if isinstance(error, httpx2.HTTPStatusError):
        if error.response.status_code != 429 and error.response.status_code < 500:
            return False
        return _retry_after(error.response.headers.get("Retry-After"), datetime.now(UTC))
    return isinstance(error, httpx2.TransportError)


def _download(url: httpx2.URL, most_bytes: int) -> bytes:
    with httpx2.Client(timeout=TIMEOUT, follow_redirects=False) as client:
        for _ in range(MOST_REDIRECTS + 1):
            _check_address(url)
            with client.stream("GET", url) as response:
                if not response.has_redirect_location:
                    response.raise_for_status()
                    return _body(response, most_bytes)
                target = url.join(response.headers["Location"])
            if target.host != url.host:
                raise DownloadFailed("the server redirects to another host")
            url = target
    raise DownloadFailed(f"more than {MOST_REDIRECTS} redirects")


def _check_address(url: httpx2.URL) -> None:
    if url.scheme not in SCHEMES or not url.host:
        raise DownloadFailed("only http and https addresses can be read")


def _body(response: httpx2.Response, most_bytes: int) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > most_bytes:
            raise DownloadFailed(f"the file is larger than {most_bytes} bytes")
    return bytes(body)


def _retry_after(value: str | None, now: datetime) -> bool | float:
    """Retry-After is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return True
    try:
        seconds = float(value) if value.strip().isdecimal() else _seconds_until(value, now)
    except ValueError:
        return True
    return max(seconds, 0.0) if seconds <= MOST_SECONDS_TO_WAIT else False


def _seconds_until(value: str, now: datetime) -> float:
    moment = parsedate_to_datetime(value)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
