"""What a server answered, and what can be read from it whoever the server is."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

WHOLE_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
# A month: longer is a mistake.
LONGEST_WAIT_SECONDS = 31 * 86_400


@dataclass(frozen=True)
class Reply:
    """Whatever the status; the names of headers are in any case, and a redirect has no body here."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# Reads for how long the provider's quota is used up; None if it is not.
Quota = Callable[[Reply], timedelta | None]


def no_quota(reply: Reply) -> timedelta | None:  # noqa: ARG001 - nothing tells
    return None


def whole_seconds(text: str | None) -> timedelta | None:
    """A header's number of seconds; None if it is missing or anything else."""
    digits = WHOLE_SECONDS.fullmatch((text or "").strip())
    return timedelta(seconds=min(int(digits[0]), LONGEST_WAIT_SECONDS)) if digits else None


def asked_wait(reply: Reply, now: datetime) -> timedelta | None:
    """Retry-After, a number of seconds or a date (RFC 9110, 10.2.3); None if it says nothing."""
    value = reply.headers.get("retry-after", "").strip()
    seconds = whole_seconds(value)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta())


def error_code(reply: Reply) -> str:
    """The `error_code` of a JSON error body if it is a plain word in capitals; else empty."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return ""
    code = said.get("error_code") if isinstance(said, dict) else None
    return code if isinstance(code, str) and code.isascii() and code.replace("_", "").isupper() else ""
