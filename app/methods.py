"""HEAD for every GET, OPTIONS for every path, and the methods a path allows."""

from typing import Any

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(app: FastAPI, scope: Scope) -> list[str]:
    """What may be asked of the path; nothing if it does not exist."""
    allowed = [method for method in METHODS if _is_served(app, scope, method)]
    if "GET" in allowed:
        allowed.insert(1, "HEAD")
    return [*allowed, "OPTIONS"] if allowed else []


class MethodsMiddleware:
    """Answers OPTIONS, and HEAD as GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
        elif scope["method"] == "HEAD":
            asked = {**scope, "method": "GET"}
            await self.app(asked, receive, _Bodiless(send))
            scope["route"] = asked.get("route")
        elif allowed := allowed_methods(scope["app"], scope):
            headers = [(b"allow", ", ".join(allowed).encode())]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


class _Bodiless:
    """Sends the head of an answer, and ends it there: an event stream would never end by itself."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
        elif not self._ended:
            self._ended = True
            await self._send({"type": "http.response.body", "body": b""})


def _is_served(app: FastAPI, scope: Scope, method: str) -> bool:
    asked: dict[str, Any] = {**scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in app.routes)
