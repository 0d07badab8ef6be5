"""Bodies as the API takes them: JSON in UTF-8, of a bounded size, holding only what can be stored."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope

from app.problems import Problem, invalid
from app.strict_json import Fault, FaultyJson, NotJson, parse


class StrictRoute(APIRoute):
    """A route that refuses bodies of other kinds, and query parameters that it does not know.

    A misspelt parameter must not be taken for an absent one: `DELETE /api/jobs/cleanup?older_than=90` would
    delete what is 7 days old.
    """

    # What a kind of route takes even where the setting MAX_BODY_BYTES is smaller.
    max_body_bytes = 0

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        known = [field.alias for field in self.dependant.query_params]

        async def strictly(request: Request) -> Response:
            _refuse_unknown_query(request, known)
            return await answer(StrictRequest(request.scope, request.receive, self.max_body_bytes))

        return strictly


class StrictRequest(Request):
    """A request whose body is read only as far as the limit, and parsed strictly."""

    def __init__(self, scope: Scope, receive: Receive, max_body_bytes: int) -> None:
        super().__init__(scope, receive)
        self._max_body_bytes = max_body_bytes

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            limit = max(self._max_body_bytes, self.app.state.web.settings.max_body_bytes)
            self._body = await _read(self, limit)
        return self._body

    async def json(self) -> Any:
        return parsed(await self.body())


def parsed(body: bytes) -> Any:
    """The value of a body; what is wrong with it is a problem."""
    try:
        return parse(body)
    except NotJson as error:
        raise Problem("malformed-request", f"{error}", errors=[Fault("", f"{error}")]) from None
    except FaultyJson as error:
        raise invalid(error.faults) from None


async def _json_object(request: Request) -> dict[str, Any]:
    given = await request.json() if await request.body() else None
    if given is not None and not isinstance(given, dict):
        raise invalid([Fault("", "the body must be a JSON object, or be left out")])
    return given or {}


# A body that the route checks itself; nothing, null and {} are the same.
JsonObject = Annotated[dict[str, Any], Depends(_json_object)]


async def _read(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    if body:
        _refuse_other_kinds(request)
    return bytes(body)


def _refuse_other_kinds(request: Request) -> None:
    if not _is_json(request.headers.get("content-type", "")):
        fault = Fault("Content-Type", "must be application/json")
    elif request.headers.get("content-encoding", "identity").lower() != "identity":
        fault = Fault("Content-Encoding", "must be left out: bodies are not compressed")
    else:
        return
    raise Problem(
        "unsupported-media-type",
        "The body must be application/json, not compressed",
        errors=[fault],
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


def _is_json(content_type: str) -> bool:
    header = Message()
    header["content-type"] = content_type
    charset = header.get_param("charset", "utf-8")
    return header.get_content_type() == "application/json" and str(charset).lower() in {"utf-8", "utf8"}


def _too_large(limit: int) -> Problem:
    told = f"the body may have at most {limit:,} bytes"
    return Problem("body-too-large", told, errors=[Fault("", told)], max_bytes=limit)


def _refuse_unknown_query(request: Request, known: list[str]) -> None:
    allowed = ", ".join(f"?{name}" for name in known) or "none"
    told = f"there is no such query parameter; allowed: {allowed}"
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise invalid([Fault(f"?{name[:100]}", told) for name in unknown[:10]])
