"""One football-data.co.uk CSV file, line by line: a match, or the reason why the line is none.

The files drift: two spellings of dates, kick-off times only since 2019-20, odds columns that come and go,
blank lines and columns at the end. Only the columns that are needed are read, and nothing is guessed.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from providers.rows import MatchRow, RejectedRow
from providers.seasons import season_of

SOURCE = "football_data"
# The main leagues of the site; the codes are its own.
DIVISIONS = frozenset(
    {
        *("E0", "E1", "E2", "E3", "EC"),
        *("SC0", "SC1", "SC2", "SC3"),
        *("D1", "D2", "I1", "I2", "SP1", "SP2", "F1", "F2"),
        *("N1", "B1", "P1", "T1", "G1"),
    }
)
REQUIRED = ("Div", "Date", "HomeTeam", "AwayTeam")
GOALS = ("FTHG", "FTAG")
# A file without any of these is a list of fixtures, as the site's fixtures.csv is.
SCORE = (*GOALS, "FTR")
READ = (*REQUIRED, "Time", *SCORE)

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF_8_MARK = b"\xef\xbb\xbf"
BLANK = ", \t;"
LINE_END = re.compile(rb"\r\n|\r|\n")
DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
WHOLE = re.compile(r"(\d{1,3})(?:\.0)?", re.ASCII)
# The site begins in 1993: a year of two digits from here on is of the last century.
FIRST_YEAR_OF_1900 = 90
NOON = time(12)
# The highest score of any first-class match is 36-0.
MOST_GOALS = 36
LONGEST_NAME = 60
LONGEST_RAW = 100
UNREADABLE = "\ufffd"


class LineRefused(Exception):
    """Why a line is no match."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds a match."""

    file: str
    number: int
    raw: dict[str, str]
    match: MatchRow

    def rejected(self, reason: str) -> RejectedRow:
        return RejectedRow(SOURCE, self.file, self.number, reason, self.raw)


def read_lines(
    data: bytes, file: str, zone: ZoneInfo, leagues: frozenset[str] | None
) -> Iterator[Line | RejectedRow]:
    """Every line of the file but blank ones and those of leagues that are known and not wanted.

    A file that cannot be read as a whole is one rejected line, its header.
    """
    lines = ((number, text) for number, text in enumerate(_texts(data), start=1) if text.strip(BLANK))
    number, text = next(lines, (0, ""))
    header = [name.strip() for name in _cells(text) or []]
    if fault := _fault_of(header):
        yield RejectedRow(SOURCE, file, number, fault, {"header": _shown(text)})
        return
    unwanted = frozenset() if leagues is None else DIVISIONS - leagues
    for number, text in lines:
        values = _values(text, header)
        if values["Div"] in unwanted:
            continue
        raw = {name: _shown(value) for name, value in values.items() if name in header}
        try:
            yield Line(file, number, raw, _match(values, zone))
        except LineRefused as refusal:
            yield RejectedRow(SOURCE, file, number, str(refusal), raw)


def _texts(data: bytes) -> Iterator[str]:
    if data.startswith(UTF_16_MARKS):
        data = data.decode("utf-16", errors="replace").encode()
    for line in LINE_END.split(data.removeprefix(UTF_8_MARK)):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            # Older files are Windows-1252. Decided line by line: some were edited since.
            yield line.decode("cp1252", errors="replace")


def _cells(text: str) -> list[str] | None:
    """A line by itself: a stray quotation mark must not swallow those that follow. None if too long."""
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return None


def _fault_of(header: list[str]) -> str:
    if not any(header):
        return "the file is empty"
    wanted = REQUIRED if not set(SCORE) & set(header) else REQUIRED + GOALS
    missing = [name for name in wanted if name not in header]
    return f"the file has no column {', '.join(missing)}" if missing else ""


def _values(text: str, header: list[str]) -> dict[str, str]:
    """The columns that are read, blank where the line is short. Of two with one name the first counts."""
    cells = dict(reversed(list(zip(header, _cells(text) or [], strict=False))))
    return {name: cells.get(name, "").strip() for name in READ}


def _match(values: dict[str, str], zone: ZoneInfo) -> MatchRow:
    if any("\x00" in value for value in values.values()):
        raise LineRefused("the line holds NUL bytes")
    league = values["Div"]
    if not any(values.values()):
        raise LineRefused("nothing on the line can be read")
    if league not in DIVISIONS:
        raise LineRefused(f"unknown division {_shown(league)!r}")
    day, clock = _day(values["Date"]), _clock(values["Time"])
    home, away = _team(values["HomeTeam"], "home"), _team(values["AwayTeam"], "away")
    if home.casefold() == away.casefold():
        raise LineRefused(f"{home} plays against itself")
    home_goals, away_goals = _score(values)
    return MatchRow(
        league_code=league,
        season=season_of(league, day),
        kickoff_at=datetime.combine(day, clock or NOON, zone).astimezone(UTC),
        kickoff_time_known=clock is not None,
        home_team=home,
        away_team=away,
        home_goals=home_goals,
        away_goals=away_goals,
    )


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
    raise LineRefused(f"date {_shown(text)!r} is not dd/mm/yy, dd/mm/yyyy or yyyy-mm-dd")


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (1900 if year >= FIRST_YEAR_OF_1900 else 2000)


def _clock(text: str) -> time | None:
    if not text:
        return None
    if parts := CLOCK.fullmatch(text):
        try:
            return time(int(parts[1]), int(parts[2]))
        except ValueError:
            pass
    raise LineRefused(f"time {_shown(text)!r} is not hh:mm")


def _team(text: str, side: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise LineRefused(f"the {side} team is missing")
    if len(name) > LONGEST_NAME or not name.isprintable() or UNREADABLE in name:
        raise LineRefused(f"the {side} team {_shown(name)!r} is not a name")
    return name


def _score(values: dict[str, str]) -> tuple[int, int] | tuple[None, None]:
    home, away, result = (values[name] for name in SCORE)
    if not home and not away:
        if result:
            raise LineRefused(f"result {_shown(result)!r} without a score")
        return None, None
    if not home or not away:
        raise LineRefused(f"half a score: {_shown(home)!r} to {_shown(away)!r}")
    score = _goals(home), _goals(away)
    happened = "H" if score[0] > score[1] else "A" if score[0] < score[1] else "D"
    if result not in ("", happened):
        raise LineRefused(f"result {_shown(result)!r} contradicts the score {score[0]}-{score[1]}")
    return score


def _goals(text: str) -> int:
    number = WHOLE.fullmatch(text)
    if number is None or int(number[1]) > MOST_GOALS:
        raise LineRefused(f"score {_shown(text)!r} is not a whole number from 0 to {MOST_GOALS}")
    return int(number[1])


def _shown(text: str) -> str:
    """What a table can keep and a reader can see."""
    return text[:LONGEST_RAW].replace("\x00", "\\x00")
