"""When a replayed operation trains and bets."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cli.replay_calendar import weeks

DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))


def test_a_week_begins_with_the_training_of_the_sunday_before() -> None:
    [first, second] = weeks(date(2021, 8, 13), date(2021, 8, 17))  # a Friday to a Tuesday
    assert first.trains_at == datetime(2021, 8, 8, 2, tzinfo=UTC)
    assert first.rounds == (datetime(2021, 8, 13, 18, tzinfo=UTC),)
    assert second.trains_at == datetime(2021, 8, 15, 2, tzinfo=UTC)
    assert second.rounds == (datetime(2021, 8, 17, 14, tzinfo=UTC),)


@given(DAYS, st.integers(0, 400))
def test_every_tuesday_and_friday_of_the_time_is_a_round_once_and_after_its_weeks_training(
    first: date, days: int
) -> None:
    last = first + timedelta(days=days)
    found = weeks(first, last)
    rounds = [moment for week in found for moment in week.rounds]
    expected = [
        day for day in (first + timedelta(days=n) for n in range(days + 1)) if day.weekday() in {1, 4}
    ]
    assert [moment.date() for moment in rounds] == expected
    assert all(week.trains_at < moment for week in found for moment in week.rounds)
    assert all(moment - week.trains_at < timedelta(days=7) for week in found for moment in week.rounds)
    assert [week.trains_at.weekday() for week in found] == [6] * len(found)
