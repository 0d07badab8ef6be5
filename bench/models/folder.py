"""The matches of a folder, as they are once the platform has ingested them; no database is needed."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from handlers.steps.scope import LATEST
from handlers.steps.told import RESULT_KNOWN_AFTER, RESULT_KNOWN_AFTER_DAY
from modeling.history import matches_frame, odds_frame
from providers import football_data
from providers.football_data_file import SOURCE
from providers.rows import Market, MatchRow, OddsRow
from providers.validation import validated
from sports.football.teams import team_name

AVERAGE, MAXIMUM = "average", "maximum"


@dataclass(frozen=True, slots=True)
class Match:
    """One match under the names that its clubs have here."""

    match_id: int
    league_code: str
    season: str
    kickoff_at: datetime
    home_team: str
    away_team: str
    home_goals: int | None
    away_goals: int | None
    result_known_at: datetime | None


@dataclass(frozen=True, slots=True)
class Prices:
    """What home, draw and away paid."""

    match_id: int
    is_closing: bool
    home: float
    draw: float
    away: float


@dataclass(frozen=True)
class Folder:
    """Matches as modeling.history.COLUMNS, their odds with the same index, the number of refused lines."""

    matches: pd.DataFrame
    odds: pd.DataFrame
    refused: int


def read_folder(location: str, timezone: str) -> Folder:
    """Whatever the files hold, fixtures too. Raises ProviderUnavailable."""
    batch = validated(football_data.read(location, timezone), SOURCE)
    rows = _each_match_once(batch.matches)
    numbered = list(enumerate(rows, start=1))
    matches = matches_frame([_match(number, row) for number, row in numbered], as_of=LATEST)
    prices = [price for number, row in numbered for price in _prices(number, row.odds)]
    return Folder(matches, odds_frame(matches, prices), len(batch.rejected))


def _each_match_once(rows: Iterable[MatchRow]) -> list[MatchRow]:
    """As ingest, once each club has its one name: of several rows the last, but a result before a fixture."""
    kept: dict[tuple[object, ...], MatchRow] = {}
    for row in rows:
        home, away = team_name(row.home_team), team_name(row.away_team)
        key = (row.league_code, home, away, row.kickoff_at.date())
        before = kept.get(key)
        loses = before is not None and before.home_goals is not None and row.home_goals is None
        if home != away and not loses:
            kept[key] = row
    return list(kept.values())


def _match(number: int, row: MatchRow) -> Match:
    known_after = RESULT_KNOWN_AFTER if row.kickoff_time_known else RESULT_KNOWN_AFTER_DAY
    return Match(
        match_id=number,
        league_code=row.league_code,
        season=row.season,
        kickoff_at=row.kickoff_at,
        home_team=team_name(row.home_team),
        away_team=team_name(row.away_team),
        home_goals=row.home_goals,
        away_goals=row.away_goals,
        result_known_at=None if row.home_goals is None else row.kickoff_at + known_after,
    )


def _prices(number: int, odds: Iterable[OddsRow]) -> Iterator[Prices]:
    """As sql/queries/price_history.sql: the average of the bookmakers, else the middle of those there are."""
    for is_closing in (False, True):
        of_kind = {
            row.bookmaker: [float(price) for price in row.prices if price is not None]
            for row in odds
            if row.market is Market.MATCH_RESULT and row.is_closing is is_closing and None not in row.prices
        }
        of_kind.pop(MAXIMUM, None)
        chosen = [of_kind[AVERAGE]] if AVERAGE in of_kind else list(of_kind.values())
        if chosen:
            home, draw, away = (statistics.median(prices) for prices in zip(*chosen, strict=True))
            yield Prices(number, is_closing, home, draw, away)
