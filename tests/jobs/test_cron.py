"""Cron times against a reference that walks minute by minute, on the days when clocks change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.cron import BadCron, BadTimeZone, Cron

MINUTE = timedelta(minutes=1)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# A change of the clock in each: at night, at midnight, by half an hour, by two hours, by a whole day.
CHANGES = {
    "Europe/London": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "America/Sao_Paulo": ["2018-02-18", "2018-11-04"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],
    "Pacific/Apia": ["2011-12-30", "2012-04-01"],
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],
    "Asia/Kolkata": ["2026-06-01"],
    "UTC": ["2024-02-29", "2026-12-31"],
}
NIGHTS = [(zone, datetime.fromisoformat(f"{day}T00:00Z")) for zone, days in CHANGES.items() for day in days]


@dataclass(frozen=True)
class Field:
    """A field as it is written, and what it stands for."""

    text: str
    values: frozenset[int]


@dataclass(frozen=True)
class Expression:
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field

    def __str__(self) -> str:
        return " ".join(f.text for f in (self.minute, self.hour, self.day, self.month, self.weekday))

    def fits(self, wall: datetime) -> bool:
        return (
            wall.minute in self.minute.values
            and wall.hour in self.hour.values
            and wall.month in self.month.values
            and self._fits_day(wall)
        )

    def _fits_day(self, wall: datetime) -> bool:
        day, weekday = wall.day in self.day.values, wall.isoweekday() % 7 in self.weekday.values
        if self.day.text.startswith("*") or self.weekday.text.startswith("*"):
            return day and weekday
        return day or weekday


def values(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[Field]:
    """Fields of every form between the two, the names written where there are some."""
    numbers = st.integers(low, high)

    def text(value: int) -> str:
        return names[value - low] if names and value % 2 else str(value)

    def steps(step: int) -> Field:
        return Field(f"*/{step}", frozenset(range(low, high + 1, step)))

    def listed(chosen: set[int]) -> Field:
        return Field(",".join(text(value) for value in chosen), frozenset(chosen))

    def ranged(ends: tuple[int, int], step: int) -> Field:
        first, last = sorted(ends)
        written = f"{text(first)}-{text(last)}" + (f"/{step}" if step > 1 else "")
        return Field(written, frozenset(range(first, last + 1, step)))

    every = st.just(Field("*", frozenset(range(low, high + 1))))
    return st.one_of(
        every,
        every,
        st.sets(numbers, min_size=1, max_size=4).map(listed),
        st.builds(ranged, st.tuples(numbers, numbers), st.integers(1, 4)),
        st.integers(2, 20).map(steps),
    )


expressions = st.builds(
    Expression, values(0, 59), values(0, 23), values(1, 31), values(1, 12, MONTHS), values(0, 6, DAYS)
)


def reference(expression: Expression, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Every time after `start` up to `end`, found by looking at the wall's clock each minute."""
    fits = expression.fits
    keeps_pace = len(expression.hour.values) == 24
    found, moment = [], start + MINUTE
    while moment <= end:
        wall = moment.astimezone(zone)
        shown = wall.replace(tzinfo=None)
        if keeps_pace:
            comes = fits(shown)
        else:
            comes = wall.fold == 0 and (fits(shown) or any(map(fits, left_out(moment, zone))))
        if comes:
            found.append(moment)
        moment += MINUTE
    return found


def left_out(moment: datetime, zone: ZoneInfo) -> list[datetime]:
    """What the clock would have shown between the minute before and now, had it not gone forward."""
    now = moment.astimezone(zone).replace(tzinfo=None)
    before = (moment - MINUTE).astimezone(zone).replace(tzinfo=None)
    return [before + n * MINUTE for n in range(1, (now - before) // MINUTE)]


@settings(max_examples=400)
@given(expressions, st.sampled_from(NIGHTS), st.integers(0, 3 * 1440), st.integers(0, 59_999_999))
def test_no_time_is_missed_or_doubled_whatever_the_clocks_do(
    expression: Expression, night: tuple[str, datetime], back: int, microseconds: int
) -> None:
    zone, day = night
    start = day + timedelta(hours=36) - back * MINUTE
    end = day + timedelta(hours=48)
    expected = reference(expression, ZoneInfo(zone), start, end)
    cron = Cron(str(expression), zone)
    first = start + timedelta(microseconds=microseconds)
    found = [moment for moment in cron.upcoming(first, len(expected) + 1) if moment <= end]
    assert found == expected
    # One by one, as a schedule asks, it is the same.
    asked: list[datetime] = []
    last = first
    while len(asked) <= len(expected) and (later := cron.next_after(last)) and later <= end:
        assert later > last
        asked.append(later)
        last = later
    assert asked == expected


@pytest.mark.parametrize(
    ("zone", "expression", "day", "expected"),
    [
        # The clock goes forward over the time: once, at the first moment after it.
        ("Europe/London", "30 1 * * *", "2026-03-29", ["01:00"]),
        ("Europe/London", "*/20 1 * * *", "2026-03-29", ["01:00"]),
        ("Europe/London", "30 1,2 * * *", "2026-03-29", ["01:00", "01:30"]),
        ("America/New_York", "15 2 * * *", "2026-03-08", ["07:00"]),
        ("Australia/Lord_Howe", "10 2 * * *", "2026-10-04", ["15:30 before"]),
        # It goes back over the time: once, the first time.
        ("Europe/London", "30 1 * * *", "2026-10-25", ["00:30"]),
        ("America/New_York", "30 1 * * *", "2026-11-01", ["05:30"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-05", ["14:45 before"]),
        # Every hour and more often: the pace is kept.
        ("Europe/London", "0 * * * *", "2026-03-29", [f"{hour:02}:00" for hour in range(24)]),
        ("Europe/London", "0 0-23 * * *", "2026-10-25", [f"{hour:02}:00" for hour in range(24)]),
    ],
)
def test_days_when_the_clock_changes(zone: str, expression: str, day: str, expected: list[str]) -> None:
    midnight = datetime.fromisoformat(f"{day}T00:00Z")
    start = midnight - timedelta(hours=12) if "before" in expected[0] else midnight
    times = [moment for moment in Cron(expression, zone).upcoming(start - MINUTE, 30)]
    times = [moment for moment in times if moment < start + timedelta(days=1)]
    assert [f"{moment:%H:%M}" for moment in times] == [time.split()[0] for time in expected]


@given(st.text(max_size=40))
@example("0 0 1 1 ²L")
@example("* * * * 1#2/3")
@example("* * 1L * LL")
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    refuses_or_knows(lambda: Cron(text, "UTC"))
    refuses_or_knows(lambda: Cron("* * * * *", text))


@given(st.lists(st.text("0123456789*/,-#LW", min_size=1, max_size=6), min_size=5, max_size=5))
def test_whatever_has_five_fields_is_read_or_refused(fields: list[str]) -> None:
    refuses_or_knows(lambda: Cron(" ".join(fields), "Europe/London"))


def refuses_or_knows(read: Callable[[], Cron]) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    try:
        later = read().next_after(now)
    except (BadCron, BadTimeZone):
        return
    assert later is None or later > now


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("61 * * * *", "the minute '61' is not valid: write 0 to 59"),
        ("0 24 * * *", "the hour '24'"),
        ("0 0 30 2 *", "the day-of-month '30'"),
        ("0 0 * foo *", "the month 'foo' is not valid: write 1 to 12, or jan to dec"),
        ("0 0 * * fri-sun", "a range goes up, as in 5-7"),
        ("*/0 * * * *", "the minute '*/0'"),
        ("@daily", "has 5 fields (minute, hour, day-of-month, month, day-of-week)"),
        ("0 0 * * * *", "this one has 6"),
        ("", "this one has 0"),
        ("* " * 101, "at most 200 characters"),
    ],
)
def test_a_wrong_expression_is_told_what_to_write(expression: str, told: str) -> None:
    with pytest.raises(BadCron) as refused:
        Cron(expression, "UTC")
    assert told in str(refused.value)


@pytest.mark.parametrize("zone", ["", "Europe", "europe/london", "../../etc/passwd", "/etc/localtime", "BST"])
def test_a_wrong_time_zone_is_told_what_to_write(zone: str) -> None:
    with pytest.raises(BadTimeZone, match="write an IANA name, such as Europe/London or UTC"):
        Cron("* * * * *", zone)


def test_times_that_never_come_are_none() -> None:
    assert Cron("0 0 */20 * 1L", "UTC").next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None
