"""football-data.co.uk: results, fixtures and odds of European leagues as CSV files of a folder or the web."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from providers.client import BOUNDS, Bounds, Client, NotModified
from providers.errors import ProviderError, ProviderUnavailable
from providers.football_data_file import SOURCE, Line, read_lines
from providers.gate import OPEN_GATE, Gate
from providers.rows import MatchBatch, MatchRow, RejectedRow
from providers.validator import Validator

MatchKey = tuple[str, str, str, date]


@dataclass(frozen=True)
class _File:
    """One CSV file; without `data` it could not be had, or is as it was when its validator was given."""

    name: str
    data: bytes | None = None
    fault: ProviderError | None = None
    validator: Validator | None = None


async def fetch(
    location: str,
    timezone: str,
    leagues: frozenset[str] | None = None,
    *,
    validators: Mapping[str, Validator] | None = None,
    gate: Gate = OPEN_GATE,
    bounds: Bounds = BOUNDS,
) -> MatchBatch:
    """Every match of the files, and every line that is none with its reason.

    `location` is what `read` takes, or one or more http(s) addresses of CSV files separated by commas. An
    address whose validator is given (by the name that the batch has it under: host and path) is read only if
    it changed since. One that cannot be had is one rejected row with line 0; if none can, the first one's
    ProviderError is raised, without what is secret in the address.
    """
    if "://" not in location:
        return await asyncio.to_thread(read, location, timezone, leagues, bounds=bounds)
    async with Client(SOURCE, gate=gate, bounds=bounds) as client:
        addresses = [url.strip() for url in location.split(",") if url.strip()]
        known = _unmistakable(addresses, validators or {})
        files = [await _downloaded(client, url, known.get(_name(url))) for url in addresses]
    return await asyncio.to_thread(_batch_of, files, ZoneInfo(timezone), leagues)


def read(
    location: str, timezone: str, leagues: frozenset[str] | None = None, *, bounds: Bounds = BOUNDS
) -> MatchBatch:
    """Every match of a folder (its .csv files, those of folders below too), or of one .csv file.

    Times of the files are local in `timezone` (IANA). Of several lines about one match on one day the last
    counts, a result before a fixture; the others are rejected, also when they are identical. A file that
    cannot be read is one rejected row with line 0; if none can, ProviderUnavailable is raised. `leagues`
    leaves the lines of other leagues out.
    """
    files = list(_opened_all(location, bounds.most_bytes))
    if not files:
        raise ProviderUnavailable(SOURCE, "there is no .csv file at the location")
    return _batch_of(files, ZoneInfo(timezone), leagues)


def _name(url: str) -> str:
    """Without user, password and query: the name goes into tables and messages."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"


def _unmistakable(addresses: list[str], validators: Mapping[str, Validator]) -> dict[str, Validator]:
    """A name that stands for two addresses has a validator of one of them, nobody knows which."""
    times = Counter(_name(url) for url in addresses)
    return {name: validator for name, validator in validators.items() if times[name] == 1}


async def _downloaded(client: Client, url: str, validator: Validator | None) -> _File:
    file = _File(_name(url))
    try:
        answer = await client.get(url, validator=validator)
    except ProviderError as error:
        return replace(file, fault=error)
    if isinstance(answer, NotModified):
        return replace(file, validator=validator)
    return replace(file, data=answer.body, validator=answer.validator)


def _opened_all(location: str, most_bytes: int) -> Iterator[_File]:
    if not location.strip():
        # The empty path would be the folder that the process happens to be in.
        raise ProviderUnavailable(SOURCE, "no location is given")
    path = Path(location).expanduser()
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".csv" and file.is_file())
        return (_opened(file, file.relative_to(path).as_posix(), most_bytes) for file in found)
    if path.is_file():
        return iter([_opened(path, path.name, most_bytes)])
    raise ProviderUnavailable(SOURCE, "the location is neither a folder, nor a file, nor an http(s) address")


def _opened(path: Path, name: str, most_bytes: int) -> _File:
    try:
        if path.stat().st_size > most_bytes:
            return _File(
                name, fault=ProviderUnavailable(SOURCE, f"the file is larger than {most_bytes} bytes")
            )
        return _File(name, path.read_bytes())
    except OSError as error:
        return _File(name, fault=ProviderUnavailable(SOURCE, f"the file cannot be read: {error.strerror}"))


def _batch_of(files: list[_File], zone: ZoneInfo, leagues: frozenset[str] | None) -> MatchBatch:
    faults = {file.name: file.fault for file in files if file.fault}
    if len(faults) == len(files):
        raise next(iter(faults.values()))
    lost = [RejectedRow(SOURCE, name, 0, fault.what, {}) for name, fault in faults.items()]
    lines = (
        line
        for file in files
        if file.data is not None
        for line in read_lines(file.data, file.name, zone, leagues)
    )
    batch = _each_match_once(lines)
    kept = {file.name: file.validator for file in files if file.validator}
    return MatchBatch(batch.matches, lost + batch.rejected, validators=kept)


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
