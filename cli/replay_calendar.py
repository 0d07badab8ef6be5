"""The calendar of a replayed season: when the operation would have trained, and when it would have bet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

TRAINING_DAY, TRAINING_TIME = 6, time(2, tzinfo=UTC)
# An hour after opening odds have been collected, at the latest, for midweek and for the weekend.
ROUND_TIMES = {1: time(14, tzinfo=UTC), 4: time(18, tzinfo=UTC)}
WEEK, DAY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """One week of the operation; at each of `rounds` it settles, predicts and bets."""

    trains_at: datetime
    rounds: tuple[datetime, ...]


def weeks(first: date, last: date) -> list[Week]:
    """The weeks that have a day from `first` to `last`, both included; each begins with its training.

    The first training is that of the Sunday on or before `first`: nothing is bet without a model.
    """
    sunday = first - timedelta(days=(first.weekday() - TRAINING_DAY) % 7)
    return [
        Week(
            datetime.combine(start, TRAINING_TIME),
            tuple(_rounds(max(start, first), min(start + 6 * DAY, last))),
        )
        for start in (sunday + n * WEEK for n in range((last - sunday).days // 7 + 1))
    ]


def _rounds(first: date, last: date) -> Iterator[datetime]:
    for day in (first + n * DAY for n in range((last - first).days + 1)):
        if day.weekday() in ROUND_TIMES:
            yield datetime.combine(day, ROUND_TIMES[day.weekday()])
