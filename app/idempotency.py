"""The header Idempotency-Key: a request to add jobs that is sent again gets its first answer, adds nothing.

As in draft-ietf-httpapi-idempotency-key-header. Key and answer are stored in the transaction that adds the
jobs: all of it is there or nothing, whenever the process dies. A refused request stores nothing.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from app.problems import RETRY_SECONDS, Problem, invalid
from app.strict_json import Fault
from store.idempotency import KeptAnswer, KeyInUse, keep_answer, take_key

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
EXAMPLE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
DESCRIPTION = (
    "1 to 255 visible ASCII characters, new for each request; quotes around it are not part of it. For 24 "
    "hours the same request with the same key gets the same answer, and the header Idempotency-Replayed."
)


class Replay(Exception):
    """The request was answered before; the answer is the same again."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__("the request was answered before")
        self.answer = answer


@dataclass(frozen=True)
class Once:
    """What a request's key asks; without a key, nothing."""

    key: str | None = None
    fingerprint: bytes = b""

    async def begin(self, conn: AsyncConnection) -> None:
        """Takes the key for this transaction. Raises Replay, or a problem, when it is not free."""
        if self.key is None:
            return
        try:
            kept = await take_key(conn, self.key, self.fingerprint)
        except KeyInUse:
            told = "a request with this key is under way; its answer can be had in a moment"
            raise Problem("key-in-use", told, headers={"Retry-After": RETRY_SECONDS}) from None
        if kept is None:
            return
        if kept.fingerprint != self.fingerprint:
            told = "this key was given with another method, path or body"
            raise Problem("key-reused", told, errors=[Fault(HEADER, told)])
        raise Replay(kept)

    async def keep(self, conn: AsyncConnection, body: BaseModel, location: str | None = None) -> None:
        """Keeps the answer that the caller is about to give with status 202."""
        if self.key is not None:
            answer = KeptAnswer(self.fingerprint, 202, body.model_dump_json(), location)
            await keep_answer(conn, self.key, answer)


def replayed(_: Request, error: Exception) -> Response:
    assert isinstance(error, Replay)  # noqa: S101 - installed for this error alone
    answer = error.answer
    headers = {"Idempotency-Replayed": "true", "Retry-After": "1"}
    if answer.location is not None:
        headers["Location"] = answer.location
    return Response(answer.body, answer.status, headers, media_type="application/json")


async def _once(
    request: Request,
    _: Annotated[str | None, Header(alias=HEADER, description=DESCRIPTION, examples=[EXAMPLE])] = None,
) -> Once:
    given = request.headers.getlist(HEADER)
    if not given:
        return Once()
    key = given[0][1:-1] if re.fullmatch(r'".*"', given[0]) else given[0]
    if len(given) > 1 or not KEY.fullmatch(key):
        raise invalid(
            [Fault(HEADER, "must be given once, as 1 to 255 visible ASCII characters without blanks")]
        )
    return Once(key, await _fingerprint(request))


async def _fingerprint(request: Request) -> bytes:
    """Of method, path with its query, and body; `/jobs` and `/api/jobs` are the same path."""
    path = request.url.path.removeprefix("/api")
    parts = (request.method.encode(), path.encode(), request.url.query.encode(), await request.body())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


OnceOnly = Annotated[Once, Depends(_once)]
