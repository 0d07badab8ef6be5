"""Where a list goes on: opaque to clients, checked like any other input."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

NUMBERED = re.compile(r"j([1-9]\d{0,18})", re.ASCII)
TIMED = re.compile(r"t(-?\d{1,18})\.([1-9]\d{0,18})", re.ASCII)
MAX_CURSOR = 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class BadCursor(ValueError):
    """The text is no cursor of ours."""


def encode_cursor(number: int) -> str:
    """Of a list that is in the order of numbers, as that of jobs is."""
    return _encoded(f"j{number}")


def decode_cursor(cursor: str) -> int:
    """The number of the last row that was shown; raises BadCursor."""
    return _number(_decoded(cursor, NUMBERED)[1])


def encode_timed_cursor(moment: datetime, number: int) -> str:
    """Of a list that is in the order of moments, and of numbers where moments are equal."""
    return _encoded(f"t{(moment - EPOCH) // MICROSECOND}.{number}")


def decode_timed_cursor(cursor: str) -> tuple[datetime, int]:
    """The moment and the number of the last row that was shown; raises BadCursor."""
    found = _decoded(cursor, TIMED)
    try:
        return EPOCH + int(found[1]) * MICROSECOND, _number(found[2])
    except OverflowError:
        raise BadCursor from None


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(cursor: str, shape: re.Pattern[str]) -> re.Match[str]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadCursor from None
    found = shape.fullmatch(text)
    # What decodes to the same may be written in several ways: only ours is taken.
    if found is None or _encoded(text) != cursor:
        raise BadCursor
    return found


def _number(digits: str) -> int:
    if int(digits) >= 2**63:
        raise BadCursor
    return int(digits)
