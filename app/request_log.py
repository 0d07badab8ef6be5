"""A request id for every request, and one log line for each but the probes."""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROBES = {"/live", "/ready", "/health"}
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
log = structlog.get_logger()


class RequestLog:
    """Takes a well-formed X-Request-ID or makes one, binds it for every log line, and answers it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status, began = 500, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            _log_request(scope, status, time.perf_counter() - began)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if GIVEN.fullmatch(given) else uuid.uuid4().hex


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"] in PROBES:
        return
    route = getattr(scope.get("route"), "path", None)
    log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
