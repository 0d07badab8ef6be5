"""Pages of a list with the newest first: where one ends, and where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from app.cursors import MAX_CURSOR, BadCursor, decode_cursor, encode_cursor
from app.problems import invalid
from app.strict_json import Fault

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR, description="next_cursor of the page before")]
R = TypeVar("R")


def last_seen(cursor: str | None) -> int | None:
    """The number after which the page begins; None for the first page."""
    if cursor is None:
        return None
    try:
        return decode_cursor(cursor)
    except BadCursor:
        told = "this is no cursor; give next_cursor of a page, unchanged, or leave it out"
        raise invalid([Fault("?cursor", told)]) from None


def cut(found: Sequence[R], limit: int, number: Callable[[R], int]) -> tuple[Sequence[R], str | None]:
    """The page, and the cursor of the next one: of `limit` + 1 that were asked for, if so many came."""
    page = found[:limit]
    return page, encode_cursor(number(page[-1])) if len(found) > limit else None
