"""Which season a day belongs to: decided by the calendar alone, so that a match never changes its season."""

from datetime import date

# Seasons run from July to June. The one of 2019-20 was interrupted and ended in Italy on 2 August 2020 (in
# the play-offs of the English fifth tier too); by then the next one had begun in Scotland only.
LAST_DAY_OF_2019_20 = date(2020, 8, 2)
ENDED_IN_SPRING_2020 = frozenset({"SC0", "SC1", "SC2", "SC3"})
FIRST_MONTH = 7


def season_of(league_code: str, day: date) -> str:
    """The season as "2008-09"."""
    begins = day.year if day.month >= FIRST_MONTH else day.year - 1
    if begins == 2020 and day <= LAST_DAY_OF_2019_20 and league_code not in ENDED_IN_SPRING_2020:
        begins = 2019
    return season_name(begins)


def season_name(first_year: int) -> str:
    """1998 -> "1998-99"; 1999 -> "1999-00"."""
    return f"{first_year}-{(first_year + 1) % 100:02d}"
