"""One football-data.co.uk CSV file, line by line: a match, or the reason why the line is none.

The files drift: two spellings of dates, kick-off times only since 2019-20, odds columns that come and go,
blank lines and columns at the end. Only the columns that are needed are read, and nothing is guessed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from providers.football_data_match import (
    GOALS,
    READ,
    REQUIRED,
    SCORE,
    LineRefused,
    is_division,
    match_of,
    shown,
)
from providers.football_data_odds import odds_columns, opening_known_at
from providers.football_data_text import cells_of, numbered_lines
from providers.rows import MatchRow, OddsRow, RejectedRow

SOURCE = "football_data"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds a match."""

    file: str
    number: int
    values: dict[str, str]
    match: MatchRow

    def rejected(self, reason: str) -> RejectedRow:
        return _rejected(self.file, self.number, reason, self.values)


def read_lines(
    data: bytes, file: str, zone: ZoneInfo, leagues: frozenset[str] | None
) -> Iterator[Line | RejectedRow]:
    """Every line of the file but blank ones and those of leagues that are not wanted.

    A file that cannot be read as a whole is one rejected line, its header. A half-time score or odds that are
    absurd are rejected by themselves: the match goes without them.
    """
    lines = numbered_lines(data)
    number, text = next(lines, (0, ""))
    header = [name.strip() for name in cells_of(text)]
    if fault := _fault_of(header):
        yield _rejected(file, number, fault, {"header": text})
        return
    reader = _LineReader(file, zone, header)
    for number, text in lines:
        cells = cells_of(text)
        league = reader.league(cells)
        if leagues is None or league in leagues or not is_division(league):
            yield from reader.read(number, cells)


def _fault_of(header: list[str]) -> str:
    if not any(header):
        return "the file is empty"
    wanted = REQUIRED if not set(SCORE) & set(header) else REQUIRED + GOALS
    missing = [name for name in wanted if name not in header]
    return f"the file has no column {', '.join(missing)}" if missing else ""


def _rejected(file: str, number: int, reason: str, values: dict[str, str]) -> RejectedRow:
    return RejectedRow(SOURCE, file, number, reason, {name: shown(text) for name, text in values.items()})


class _LineReader:
    """Reads the lines below one header; of two columns with one name the first counts."""

    def __init__(self, file: str, zone: ZoneInfo, header: list[str]) -> None:
        self._file, self._zone = file, zone
        position = {name: header.index(name) for name in header}
        self._columns = [(name, position[name]) for name in READ if name in position]
        self._odds = odds_columns(position.get)
        self._league = position["Div"]

    def league(self, cells: list[str]) -> str:
        return cells[self._league].strip() if self._league < len(cells) else ""

    def read(self, number: int, cells: list[str]) -> Iterator[Line | RejectedRow]:
        width = len(cells)
        values = {name: cells[at].strip() if at < width else "" for name, at in self._columns}
        rejected: list[RejectedRow] = []

        def refuse(reason: str, shown_of: dict[str, str] = values) -> None:
            rejected.append(_rejected(self._file, number, reason, shown_of))

        def odds_of(kickoff: datetime) -> tuple[OddsRow, ...]:
            return tuple(self._read_odds(cells, kickoff, refuse))

        try:
            yield Line(self._file, number, values, match_of(values, self._zone, odds_of, refuse))
        except LineRefused as refusal:
            refuse(str(refusal))
        yield from rejected

    def _read_odds(
        self, cells: list[str], kickoff: datetime, refuse: Callable[[str, dict[str, str]], None]
    ) -> Iterator[OddsRow]:
        opening = opening_known_at(kickoff) if self._odds else kickoff
        for columns in self._odds:
            row = columns.read(cells, kickoff if columns.is_closing else opening)
            if isinstance(row, OddsRow):
                yield row
            elif row:
                refuse(row, columns.shown(cells))
