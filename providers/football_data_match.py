"""One line of a football-data.co.uk file as a match, or the reason why it is none."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from providers.rows import LONGEST_NAME, MOST_GOALS, MatchRow, MatchStatus, OddsRow
from providers.seasons import season_of

# The country's letters and mostly the level: E0, SC1, EC. One that nobody here has heard of is a league all
# the same; a repeated header ("Div") or a name is none.
DIVISION = re.compile(r"[A-Z]{1,4}[0-9]{0,2}", re.ASCII)
REQUIRED = ("Div", "Date", "HomeTeam", "AwayTeam")
GOALS = ("FTHG", "FTAG")
# A file without any of these is a list of fixtures, as the site's fixtures.csv is.
SCORE = (*GOALS, "FTR")
HALF_TIME = ("HTHG", "HTAG")
READ = (*REQUIRED, "Time", *SCORE, *HALF_TIME)

DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
WHOLE = re.compile(r"(\d{1,3})(?:\.0)?", re.ASCII)
# The site begins in 1993: a year of two digits from here on is of the last century.
FIRST_YEAR_OF_1900 = 90
NOON = time(12)
LONGEST_RAW = 100
UNREADABLE = "\ufffd"
# The same days, times, names and goals come again and again.
SEEN = 4_096

Score = tuple[int, int] | tuple[None, None]


class LineRefused(Exception):
    """Why a line is no match, or a part of it nothing that can be used."""


def match_of(
    values: dict[str, str],
    zone: ZoneInfo,
    odds_of: Callable[[datetime], tuple[OddsRow, ...]],
    refuse: Callable[[str], None],
) -> MatchRow:
    """The match of a line, given its cells by the name of their column. Raises LineRefused.

    `odds_of` reads the odds, given the kick-off. `refuse` hears why a half-time score is left out.
    """
    whole = "".join(values.values())
    if "\x00" in whole:
        raise LineRefused("the line holds NUL bytes")
    if not whole:
        raise LineRefused("nothing on the line can be read")
    league = values["Div"]
    if not is_division(league):
        raise LineRefused(f"{shown(league)!r} is no code of a division")
    day, clock = _day(values["Date"]), _clock(values.get("Time", ""))
    home, away = _teams(values)
    goals = _score(values)
    kickoff = datetime.combine(day, clock or NOON, zone).astimezone(UTC)
    try:
        half_time = _half_time(values, goals)
    except LineRefused as refusal:
        half_time = None, None
        refuse(str(refusal))
    return MatchRow(
        league_code=league,
        season=season_of(league, day),
        kickoff_at=kickoff,
        kickoff_time_known=clock is not None,
        home_team=home,
        away_team=away,
        home_goals=goals[0],
        away_goals=goals[1],
        status=MatchStatus.SCHEDULED if goals[0] is None else MatchStatus.PLAYED,
        half_time_home_goals=half_time[0],
        half_time_away_goals=half_time[1],
        odds=odds_of(kickoff),
    )


def is_division(text: str) -> bool:
    """Whether this is the code of a league, known or not."""
    return DIVISION.fullmatch(text) is not None


def _teams(values: dict[str, str]) -> tuple[str, str]:
    home, away = _team(values["HomeTeam"], "home"), _team(values["AwayTeam"], "away")
    if home.casefold() == away.casefold():
        raise LineRefused(f"{home} plays against itself")
    return home, away


@lru_cache(maxsize=SEEN)
def _day(text: str) -> date:
    """dd/mm/yy or dd/mm/yyyy, the day always first; or yyyy-mm-dd, which cannot be misread."""
    if not text:
        raise LineRefused("the date is missing")
    try:
        if ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
        if parts := DAY_FIRST.fullmatch(text):
            return date(_year(parts[3]), int(parts[2]), int(parts[1]))
    except ValueError:
        raise LineRefused(f"there is no day {text!r} (day first)") from None
    raise LineRefused(f"date {shown(text)!r} is not dd/mm/yy, dd/mm/yyyy or yyyy-mm-dd")


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year >= FIRST_YEAR_OF_1900 else 2000)


@lru_cache(maxsize=SEEN)
def _clock(text: str) -> time | None:
    if not text:
        return None
    if parts := CLOCK.fullmatch(text):
        try:
            return time(int(parts[1]), int(parts[2]))
        except ValueError:
            pass
    raise LineRefused(f"time {shown(text)!r} is not hh:mm")


@lru_cache(maxsize=SEEN)
def _team(text: str, side: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise LineRefused(f"the {side} team is missing")
    if len(name) > LONGEST_NAME or not name.isprintable() or UNREADABLE in name:
        raise LineRefused(f"the {side} team {shown(name)!r} is not a name")
    return name


def _score(values: dict[str, str]) -> Score:
    home, away, result = [values.get(name, "") for name in SCORE]
    if not home and not away:
        if result:
            raise LineRefused(f"result {shown(result)!r} without a score")
        return None, None
    if not home or not away:
        raise LineRefused(f"half a score: {shown(home)!r} to {shown(away)!r}")
    score = _goals(home), _goals(away)
    happened = "H" if score[0] > score[1] else "A" if score[0] < score[1] else "D"
    if result not in ("", happened):
        raise LineRefused(f"result {shown(result)!r} contradicts the score {score[0]}-{score[1]}")
    return score


def _half_time(values: dict[str, str], goals: Score) -> Score:
    home, away = [values.get(name, "") for name in HALF_TIME]
    if not home and not away:
        return None, None
    score = _goals(home), _goals(away)
    if goals[0] is None:
        raise LineRefused("a half-time score without a score")
    if score[0] > goals[0] or score[1] > goals[1]:
        raise LineRefused(f"half-time score {score[0]}-{score[1]} is above the final score")
    return score


@lru_cache(maxsize=SEEN)
def _goals(text: str) -> int:
    number = WHOLE.fullmatch(text)
    if number is None or int(number[1]) > MOST_GOALS:
        raise LineRefused(f"score {shown(text)!r} is not a whole number from 0 to {MOST_GOALS}")
    return int(number[1])


def shown(text: str) -> str:
    """What a table can keep and a reader can see."""
    return text[:LONGEST_RAW].replace("\x00", "\\x00")
