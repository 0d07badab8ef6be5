"""Pages of a list: where a request goes on, and where the answer says that the next page begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from app.cursors import MAX_CURSOR, BadCursor
from app.problems import invalid
from app.strict_json import Fault

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR, description="next_cursor of the page before")]
P = TypeVar("P")
R = TypeVar("R")


def place_of(cursor: str | None, decode: Callable[[str], P]) -> P | None:
    """The place of the last row that was shown; None for the first page."""
    if cursor is None:
        return None
    try:
        return decode(cursor)
    except BadCursor:
        told = "this is no cursor; give next_cursor of a page, unchanged, or leave it out"
        raise invalid([Fault("?cursor", told)]) from None


def page_of(
    found: Sequence[R], limit: int, encode: Callable[[R], str], request: Request, response: Response
) -> tuple[Sequence[R], str | None]:
    """The rows to show of `limit` + 1 that were found, and the next cursor, which the header Link has too."""
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    next_cursor = encode(page[-1])
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    response.headers["Link"] = (
        f'<{request.url.path}?{urlencode([*kept, ("cursor", next_cursor)])}>; rel="next"'
    )
    return page, next_cursor
