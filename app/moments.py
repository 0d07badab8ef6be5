"""Times in requests and answers: ISO 8601 with an offset in, UTC with a Z out."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

# PostgreSQL stores times that Python cannot read back: every list with such a job would fail.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
EXAMPLE = "2026-05-01T12:00:00Z"


def _is_text(value: object) -> object:
    if isinstance(value, str) and "-" not in value[:8]:
        raise ValueError(f"must be an ISO 8601 time with an offset, such as {EXAMPLE}")
    if not isinstance(value, (str, datetime)):
        raise ValueError(f"must be a text with an ISO 8601 time, such as {EXAMPLE}")
    return value


def _is_near(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_is_near), BeforeValidator(_is_text)]
UtcTime = Annotated[datetime, AfterValidator(_in_utc)]
