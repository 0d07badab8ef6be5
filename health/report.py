"""All checks at once. A check that fails or hangs is a result like any other, not an error."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from health.checks import CHECKS, Check, Reading, Status, Subject
from store.database import DatabaseUnavailable

CHECK_TIMEOUT = timedelta(seconds=2)
FRESH_FOR = timedelta(seconds=3)
log = structlog.get_logger()


@dataclass(frozen=True)
class HealthReport:
    """The worst status, and what each check read. Its shape follows application/health+json."""

    status: Status
    checked_at: datetime
    checks: dict[str, Reading]


class HealthReports:
    """The latest report, made anew when it is some seconds old: many callers cost no more than one."""

    def __init__(self, subject: Subject, checks: Mapping[str, Check] = CHECKS) -> None:
        self._subject = subject
        self._checks = checks
        self._making = asyncio.Lock()
        self._latest: HealthReport | None = None
        self._made_at = 0.0

    async def latest(self) -> HealthReport:
        async with self._making:
            if self._latest is None or time.monotonic() - self._made_at > FRESH_FOR.total_seconds():
                self._latest = await report(self._subject, self._checks)
                self._made_at = time.monotonic()
            return self._latest


async def report(subject: Subject, checks: Mapping[str, Check] = CHECKS) -> HealthReport:
    """Runs the checks side by side, each for a bounded time."""
    readings = await asyncio.gather(*(_reading(name, check, subject) for name, check in checks.items()))
    return HealthReport(
        status=_worst(readings), checked_at=datetime.now(UTC), checks=dict(zip(checks, readings, strict=True))
    )


async def _reading(name: str, check: Check, subject: Subject) -> Reading:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT.total_seconds()):
            return await check(subject)
    except TimeoutError:
        return _failed(f"no answer within {CHECK_TIMEOUT.total_seconds():g} s")
    except DatabaseUnavailable:
        return _failed("the database cannot be reached")
    except Exception as error:
        log.warning("health_check_failed", check=name, exc_info=error)
        return _failed("the check itself failed; the log says why")


def _failed(output: str) -> Reading:
    return Reading("fail", None, "", output=output)


def _worst(readings: list[Reading]) -> Status:
    statuses = {reading.status for reading in readings}
    return "fail" if "fail" in statuses else "warn" if "warn" in statuses else "pass"
