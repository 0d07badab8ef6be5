"""Where a list goes on: opaque to clients, checked like any other input."""

import base64
import binascii
import re

SHAPE = re.compile(r"j([1-9]\d{0,18})", re.ASCII)
MAX_CURSOR = 80


class BadCursor(ValueError):
    """The text is no cursor of ours."""


def encode_cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"j{number}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The number of the last one that was shown; raises BadCursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadCursor from None
    found = SHAPE.fullmatch(text)
    if found is None or int(found[1]) >= 2**63 or encode_cursor(int(found[1])) != cursor:
        raise BadCursor
    return int(found[1])
