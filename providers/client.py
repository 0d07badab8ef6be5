"""The one way to ask a provider: bounded in size and time, retried where waiting can heal, never led
elsewhere. Nothing of an address, a key or a header gets into an error or a log line.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic
from types import TracebackType
from typing import NoReturn, Self

import httpx2
import stamina

from providers.errors import (
    AnswerUnusable,
    KeyRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
)
from providers.gate import OPEN_GATE, Gate
from providers.reply import Quota, Reply, asked_wait, error_code, no_quota
from providers.validator import Validator

MOST_REDIRECTS = 5
SCHEMES = ("http", "https")
NO_ADDRESS = "only http and https addresses can be read"
# What "too many requests" means where the provider does not say for how long.
UNTOLD_WAIT = timedelta(minutes=1)

# Their lines have whole addresses and headers, keys included, whatever level the process logs at.
for _library in ("httpx2", "httpcore2"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Bounds:
    """How much one call may take.

    `deadline` is for all its exchanges together, a body that trickles included; waits between attempts and at
    the gate are not in it. `patience` is the longest wait that a server may ask for and is waited for here.
    """

    connect: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=15)
    deadline: timedelta = timedelta(seconds=60)
    patience: timedelta = timedelta(seconds=20)
    attempts: int = 4
    most_bytes: int = 20_000_000


BOUNDS = Bounds()


@dataclass(frozen=True)
class Answer:
    """A good answer; `validator` is for asking again."""

    body: bytes
    validator: Validator | None


class NotModified:
    """What was asked for is as it was when the validator was given."""


class Client:
    """One provider's client, to be used as `async with`; errors are those of `providers.errors`.

    Time-outs, lost connections, 429 and 5xx are tried again with jitter. A wait that the server asks for
    (Retry-After, or what `quota` reads) is obeyed if it is short, else it is RateLimited. `headers` and
    `query` go with every request; the gate is entered before each.
    """

    def __init__(
        self,
        source: str,
        *,
        gate: Gate = OPEN_GATE,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        quota: Quota = no_quota,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._source, self._gate, self._quota, self._bounds = source, gate, quota, bounds
        self._headers, self._query = dict(headers or {}), dict(query or {})
        timeout = httpx2.Timeout(bounds.silence.total_seconds(), connect=bounds.connect.total_seconds())
        self._http = httpx2.AsyncClient(timeout=timeout, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get_json(self, url: str, query: Mapping[str, str] | None = None) -> object:
        """The answer as Python values, with every number that has a point as Decimal."""
        answer = await self.get(url, query)
        if isinstance(answer, NotModified):
            raise AnswerUnusable(self._source, "the server answered 304 to what was asked without condition")
        # What the libraries raise holds the request or the answer: it is let go before our error is raised.
        with suppress(ValueError, RecursionError):
            return json.loads(answer.body, parse_float=Decimal, parse_constant=_no_number)
        raise AnswerUnusable(self._source, "the answer is not JSON")

    async def get(
        self, url: str, query: Mapping[str, str] | None = None, validator: Validator | None = None
    ) -> Answer | NotModified:
        """What is behind an http or https address; with a validator only if it changed since."""
        address = self._address(url, query)
        headers = {**self._headers, **(validator.headers if validator else {})}
        budget = _Budget(self._bounds.deadline.total_seconds())
        try:
            # Not as a decorator: its log line would have the address.
            async for attempt in stamina.retry_context(
                on=_retry_after, attempts=self._bounds.attempts, timeout=None, wait_initial=0.5, wait_max=20.0
            ):
                with attempt:
                    return await self._exchange(address, headers, budget)
        except _TryFailed as failed:
            raise failed.error from None
        raise AssertionError("the last attempt returns or raises")

    def _address(self, url: str, query: Mapping[str, str] | None) -> httpx2.URL:
        wanted = {**self._query, **(query or {})}
        with suppress(httpx2.InvalidURL):
            address = httpx2.URL(url)
            return self._checked(address.copy_merge_params(wanted) if wanted else address)
        raise self._unavailable(NO_ADDRESS)

    def _checked(self, address: httpx2.URL) -> httpx2.URL:
        if address.scheme not in SCHEMES or not address.host:
            raise self._unavailable(NO_ADDRESS)
        return address

    async def _exchange(
        self, address: httpx2.URL, headers: dict[str, str], budget: "_Budget"
    ) -> Answer | NotModified:
        for _ in range(MOST_REDIRECTS + 1):
            await self._gate.enter()
            reply = await self._send(address, headers, budget)
            if reply.status not in (301, 302, 303, 307, 308) or "location" not in reply.headers:
                return await self._judged(reply)
            address = self._redirected(address, reply.headers["location"])
        raise self._unavailable(f"more than {MOST_REDIRECTS} redirects")

    async def _send(self, address: httpx2.URL, headers: dict[str, str], budget: "_Budget") -> Reply:
        began, fault = monotonic(), None
        try:
            asked = self._http.stream("GET", address, headers=headers)
            async with asyncio.timeout(budget.left), asked as response:
                body = b"" if response.has_redirect_location else await self._body(response)
                return Reply(response.status_code, response.headers, body)
        except (TimeoutError, httpx2.HTTPError) as error:
            # It has the whole request with it, and would go along as the context of what is raised here.
            fault = self._fault_of(error)
        finally:
            budget.left -= monotonic() - began
        raise fault

    def _fault_of(self, error: Exception) -> Exception:
        match error:
            case TimeoutError():
                seconds = f"{self._bounds.deadline.total_seconds():g}"
                return self._unavailable(f"there was no whole answer within {seconds} seconds")
            case httpx2.TimeoutException():
                return _TryFailed(self._unavailable("the server did not answer in time"))
            case httpx2.DecodingError():
                return AnswerUnusable(self._source, "the answer cannot be decompressed")
        return _TryFailed(self._unavailable(f"no answer could be had: {type(error).__name__}"))

    async def _body(self, response: httpx2.Response) -> bytes:
        body, most = bytearray(), self._bounds.most_bytes
        async for part in response.aiter_bytes():
            body += part
            if len(body) > most:
                raise AnswerUnusable(self._source, f"the answer is larger than {most} bytes")
        return bytes(body)

    def _redirected(self, address: httpx2.URL, location: str) -> httpx2.URL:
        target = None
        with suppress(httpx2.InvalidURL):
            target = self._checked(address.join(location))
        # A key must reach nobody else, nor go over the wire in the clear where it did not before.
        if target is None or target.host != address.host or not _is_as_safe(address, target):
            raise self._unavailable("the server redirects to another host")
        return target

    async def _judged(self, reply: Reply) -> Answer | NotModified:
        wait = self._quota(reply)
        if wait is None and reply.status == 429:
            wait = asked_wait(reply, datetime.now(UTC))
        if wait is not None:
            await self._gate.block(wait)
        if 200 <= reply.status < 300:
            headers = reply.headers
            return Answer(reply.body, Validator.of(headers.get("etag"), headers.get("last-modified")))
        if reply.status == 304:
            return NotModified()
        raise self._failure(reply, wait)

    def _failure(self, reply: Reply, wait: timedelta | None) -> Exception:
        if wait is None and reply.status >= 500:
            wait = asked_wait(reply, datetime.now(UTC))
        if wait is not None and wait > self._bounds.patience:
            return RateLimited(self._source, wait)
        if wait is not None or reply.status == 429:
            return _TryFailed(RateLimited(self._source, wait or UNTOLD_WAIT), wait)
        if reply.status >= 500:
            return _TryFailed(self._unavailable(f"the server answered {reply.status}"))
        if reply.status in (401, 403):
            return KeyRefused(self._source, f"the server answered {reply.status}: the key, or its plan")
        return RequestRefused(self._source, reply.status, error_code(reply))

    def _unavailable(self, what: str) -> ProviderUnavailable:
        return ProviderUnavailable(self._source, what)


def _is_as_safe(address: httpx2.URL, target: httpx2.URL) -> bool:
    return (target.scheme, target.port) in ((address.scheme, address.port), ("https", None))


class _Budget:
    """The seconds that are left for the exchanges of one call."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds


class _TryFailed(Exception):
    """One try, which may be repeated: after the usual wait, or after the one that the server asks for."""

    def __init__(self, error: ProviderError, wait: timedelta | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def _retry_after(error: Exception) -> bool | float:
    if not isinstance(error, _TryFailed):
        return False
    return True if error.wait is None else error.wait.total_seconds()


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
