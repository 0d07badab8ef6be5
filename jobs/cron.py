"""Cron expressions in a time zone: five fields, read as Vixie cron reads them, whatever the clocks do.

An expression that names hours means times on the wall's clock, each once: one that a change of the clock
leaves out comes at the first moment after it, and one that comes twice counts the first time. An expression
for every hour means a pace, and keeps it: */10 runs every 10 minutes through both changes.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

LONGEST = 200
EXAMPLE = "30 5 * * mon-fri"
SHAPE = re.compile(r"[0-9A-Za-z*/,#-]+")
# CronSim takes 5-5/2 for 5/2, which goes on to the end of the field; it means 5.
SINGLE_STEPS = re.compile(r"(?<![^,])(\w+)-\1/0*[1-9]\d*(?![^,])", re.ASCII)
ANY_MOMENT = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall's clock
FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31 and in one of the months named, or L for the last day",
    "month": "1 to 12, or jan to dec",
    "day-of-week": "0 to 7 (0 and 7 are Sunday), or sun to sat; a range goes up, as in 5-7",
}


class BadCron(ValueError):
    """The expression cannot be read, or no moment fits it; the text says what to write instead."""


class BadTimeZone(ValueError):
    """There is no such time zone; the text says what to write instead."""


class Cron:
    """An expression in its time zone. Raises BadCron or BadTimeZone."""

    def __init__(self, expression: str, time_zone: str) -> None:
        fields = _fields(expression)
        self._keeps_pace = len(_parsed(fields).hours) == 24
        # CronSim asks for the asterisk before it keeps the pace.
        self._expression = " ".join([fields[0], "*", *fields[2:]] if self._keeps_pace else fields)
        self._zone = _zone(time_zone)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time later than the moment, in UTC; None if there is none within 50 years."""
        return next(self._after(moment), None)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """The first times later than the moment, in UTC."""
        return list(islice(self._after(moment), count))

    def _after(self, moment: datetime) -> Iterator[datetime]:
        local = moment.astimezone(self._zone)
        if self._keeps_pace:
            yield from (found.astimezone(UTC) for found in CronSim(self._expression, local))
            return
        last = moment
        for wall in CronSim(self._expression, local.replace(tzinfo=None)):
            found = _first_moment(wall, self._zone)
            if found > last:
                last = found
                yield found


@lru_cache(1_000)
def parse_cron(expression: str, time_zone: str) -> Cron:
    return Cron(expression, time_zone)


def _fields(expression: str) -> list[str]:
    if len(expression) > LONGEST:
        raise BadCron(f"a cron expression has at most {LONGEST} characters")
    fields = expression.split()
    if len(fields) != len(FIELDS):
        told = f"a cron expression has 5 fields ({', '.join(FIELDS)}), as in {EXAMPLE!r}; this one has"
        raise BadCron(f"{told} {len(fields)}")
    for name, field in zip(FIELDS, fields, strict=True):
        if not SHAPE.fullmatch(field):
            raise _bad_field(name, field)
    return [SINGLE_STEPS.sub(r"\1", field) for field in fields]


def _parsed(fields: list[str]) -> CronSim:
    try:
        return CronSim(" ".join(fields), ANY_MOMENT)
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        raise _bad_field(name, fields[list(FIELDS).index(name)]) from None


def _bad_field(name: str, field: str) -> BadCron:
    return BadCron(
        f"the {name} {field[:64]!r} is not valid: write {FIELDS[name]}; as one value, a list (1,2), "
        "a range (1-5), a step (*/5), or * for all"
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        raise BadTimeZone(
            f"there is no time zone {name[:64]!r}; write an IANA name, such as Europe/London or UTC"
        )
    return ZoneInfo(name)


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the wall's clock first shows this time, or has just gone past it."""
    while True:
        moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += timedelta(minutes=1)
