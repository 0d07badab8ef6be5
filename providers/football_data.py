"""football-data.co.uk: results and fixtures of European leagues as CSV files, from a folder or the web."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from providers.football_data_file import SOURCE, Line, read_lines
from providers.http import MOST_BYTES, DownloadFailed, download
from providers.rows import MatchBatch, MatchRow, RejectedRow

MatchKey = tuple[str, str, str, date]


class FootballDataUnavailable(Exception):
    """Nothing could be read at the location; the text says what is wrong with it."""


@dataclass(frozen=True)
class _File:
    """One CSV file; `data` is None if it could not be had, for the reason given."""

    name: str
    data: bytes | None
    fault: str = ""


def fetch(location: str, timezone: str, leagues: frozenset[str] | None = None) -> MatchBatch:
    """Every match of the files, and every line that is none with its reason.

    `location` is a folder (its .csv files, those of folders below too), one .csv file, or one or more http(s)
    addresses of CSV files separated by commas. Times of the files are local in `timezone` (IANA). Of several
    lines about one match on one day the last counts, a result before a fixture; the others are rejected, also
    when they are identical. A file that cannot be had or read is one rejected row with line 0; if none can,
    FootballDataUnavailable is raised. `leagues` leaves the lines of other leagues out.
    """
    zone = ZoneInfo(timezone)
    files = list(_files(location))
    if not files:
        raise FootballDataUnavailable("there is no .csv file at the location")
    if all(file.data is None for file in files):
        raise FootballDataUnavailable(f"{files[0].name}: {files[0].fault}")
    lost = [RejectedRow(SOURCE, file.name, 0, file.fault, {}) for file in files if file.data is None]
    lines = (
        line
        for file in files
        if file.data is not None
        for line in read_lines(file.data, file.name, zone, leagues)
    )
    batch = _each_match_once(lines)
    return MatchBatch(batch.matches, lost + batch.rejected)


def _files(location: str) -> Iterator[_File]:
    if "://" in location:
        return (_downloaded(url.strip()) for url in location.split(",") if url.strip())
    if not location.strip():
        # The empty path would be the folder that the process happens to be in.
        raise FootballDataUnavailable("no location is given")
    path = Path(location).expanduser()
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".csv" and file.is_file())
        return (_opened(file, file.relative_to(path).as_posix()) for file in found)
    if path.is_file():
        return iter([_opened(path, path.name)])
    raise FootballDataUnavailable("the location is neither a folder, nor a file, nor an http(s) address")


def _downloaded(url: str) -> _File:
    # Without user, password and query: the name goes into tables and messages.
    parts = urlsplit(url)
    name = f"{parts.hostname or ''}{parts.path}"
    try:
        return _File(name, download(url))
    except DownloadFailed as error:
        return _File(name, None, str(error))


def _opened(path: Path, name: str) -> _File:
    try:
        if path.stat().st_size > MOST_BYTES:
            return _File(name, None, f"the file is larger than {MOST_BYTES} bytes")
        return _File(name, path.read_bytes())
    except OSError as error:
        return _File(name, None, f"the file cannot be read: {error.strerror}")


def _each_match_once(lines: Iterable[Line | RejectedRow]) -> MatchBatch:
    counted: dict[MatchKey, Line] = {}
    rejected: list[RejectedRow] = []
    for line in lines:
        if isinstance(line, RejectedRow):
            rejected.append(line)
            continue
        earlier = counted.setdefault(_key(line.match), line)
        if earlier is not line:
            counted[_key(line.match)], refused = _choose(earlier, line)
            rejected.append(refused)
    return MatchBatch([line.match for line in counted.values()], rejected)


def _key(match: MatchRow) -> MatchKey:
    return match.league_code, match.home_team, match.away_team, match.kickoff_at.date()


def _choose(earlier: Line, later: Line) -> tuple[Line, RejectedRow]:
    """The line that counts, and the other with its reason."""
    if earlier.match == later.match:
        return earlier, later.rejected(f"the same as {_place(earlier)}")
    if later.match.home_goals is None and earlier.match.home_goals is not None:
        return earlier, later.rejected(f"a fixture whose result is in {_place(earlier)}")
    return later, earlier.rejected(f"{_place(later)} says otherwise of this match and counts, being later")


def _place(line: Line) -> str:
    return f"{line.file} line {line.number}"
