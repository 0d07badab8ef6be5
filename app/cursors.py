"""Where a list goes on: opaque to clients, checked like any other input."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHAPE = re.compile(r"(\d{1,18})\.(\d{1,19})", re.ASCII)
MAX_CURSOR = 80


class BadCursor(ValueError):
    """The text is no cursor of ours."""


def encode_cursor(created_at: datetime, job_id: int) -> str:
    microseconds = (created_at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{microseconds}.{job_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """The (created_at, id) of the last job that was shown; raises BadCursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        found = SHAPE.fullmatch(text)
        created_at = EPOCH + timedelta(microseconds=int(found[1])) if found else EPOCH
    except (binascii.Error, ValueError, OverflowError):
        raise BadCursor from None
    if found is None or int(found[2]) >= 2**63 or encode_cursor(created_at, int(found[2])) != cursor:
        raise BadCursor
    return created_at, int(found[2])
