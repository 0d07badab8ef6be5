"""What a replayed season came to, computed from its tables: of predictions and bets, by month and in all."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from app.bet_figures import settled_bet
from betting.performance import Performance, SettledBet, performance, performance_by_month
from modeling.market import probabilities
from modeling.metrics import Metrics, measure_played
from store.bet_history import settled_bets
from store.database import Database
from store.odds import PriceRow, price_history
from store.predictions import JudgedPrediction, judged_predictions
from store.trainings import list_trainings

BANKROLL = "main"
Line = tuple[float, float, float]
MOST_TRAININGS, MOST_BETS = 10_000, 1_000_000
# Until then every result and every closing price of the season is known.
LATER = timedelta(days=30)


@dataclass(frozen=True)
class Said:
    """How good the predictions were, and the market's lines on those of the matches that had them."""

    model: Metrics
    opening: Metrics | None
    closing: Metrics | None


@dataclass(frozen=True)
class Month:
    """By the first day of a month (UTC): predictions by kick-off, bets by settlement; None where none was."""

    month: date
    said: Said | None
    bets: Performance | None
    bankroll: Decimal


@dataclass(frozen=True)
class Figures:
    """Of the whole time; `settled` are the bets in the order of their settlement."""

    first: date
    last: date
    months: list[Month]
    said: Said | None
    bets: Performance
    opening_bankroll: Decimal
    settled: list[SettledBet]
    trainings: dict[str, int]

    @property
    def bankroll(self) -> Decimal:
        return self.opening_bankroll + self.bets.profit

    @property
    def headline(self) -> str:
        line = self.bets.closing_line
        if line.fair is None or self.bets.turnover_yield is None:
            return "no bets"
        return f"{self.bets.bets} bets, CLV {line.fair:+.1%}, yield {self.bets.turnover_yield:+.1%}"


def read_figures(database_url: str, first: date, last: date, bankroll: Decimal) -> Figures:
    """Of what was predicted of matches from `first` to `last`, and of all bets."""
    return asyncio.run(_read(database_url, first, last, bankroll))


async def _read(database_url: str, first: date, last: date, bankroll: Decimal) -> Figures:
    since, until = _midnight(first), _midnight(last) + timedelta(days=1)
    database = Database(database_url, process="replay figures", pool_size=1)
    try:
        async with database.read() as conn:
            judged = await judged_predictions(conn, since=since, until=until, as_of=until + LATER)
            prices = await price_history(conn, until=until, as_of=until + LATER)
            rows = await settled_bets(conn, BANKROLL, since=None, until=until + LATER, limit=MOST_BETS)
            trainings = await list_trainings(conn, limit=MOST_TRAININGS)
    finally:
        await database.close()
    settled = [settled_bet(row) for row in rows]
    market = _Market.of(judged, prices)
    return Figures(
        first=first,
        last=last,
        months=_months(judged, market, settled, bankroll),
        said=_said(judged, market),
        bets=performance(settled, bankroll),
        opening_bankroll=bankroll,
        settled=settled,
        trainings=dict(Counter(str(row.outcome) for row in trainings)),
    )


def _months(
    judged: list[JudgedPrediction], market: "_Market", settled: list[SettledBet], bankroll: Decimal
) -> list[Month]:
    of_bets = performance_by_month(settled, bankroll)
    of_matches: dict[date, list[JudgedPrediction]] = {}
    for row in judged:
        of_matches.setdefault(row.kickoff_at.astimezone(UTC).date().replace(day=1), []).append(row)
    months = []
    for month in sorted(of_bets.keys() | of_matches.keys()):
        bets = of_bets.get(month)
        bankroll += bets.profit if bets else 0
        months.append(Month(month, _said(of_matches.get(month, []), market), bets, bankroll))
    return months


@dataclass(frozen=True)
class _Market:
    """The probabilities in the market's prices, by match; a match without prices is in neither."""

    opening: dict[int, Line]
    closing: dict[int, Line]

    @classmethod
    def of(cls, judged: list[JudgedPrediction], prices: list[PriceRow]) -> "_Market":
        wanted = {row.match_id for row in judged}
        of_judged = [row for row in prices if row.match_id in wanted]
        opening, closing = (
            _lines([row for row in of_judged if row.is_closing is is_closing]) for is_closing in (False, True)
        )
        return cls(opening, closing)


def _lines(prices: list[PriceRow]) -> dict[int, Line]:
    if not prices:
        return {}
    found = probabilities(np.array([(row.home, row.draw, row.away) for row in prices])).tolist()
    return {row.match_id: line for row, line in zip(prices, found, strict=True)}


def _said(judged: list[JudgedPrediction], market: _Market) -> Said | None:
    if not judged:
        return None
    goals = [(row.home_goals, row.away_goals) for row in judged]
    model = measure_played([(row.home, row.draw, row.away) for row in judged], goals)
    return Said(model, _measured(judged, market.opening), _measured(judged, market.closing))


def _measured(judged: list[JudgedPrediction], told: dict[int, Line]) -> Metrics | None:
    """Of the matches that something was told of; None of none."""
    known = [row for row in judged if row.match_id in told]
    if not known:
        return None
    return measure_played(
        [told[row.match_id] for row in known], [(row.home_goals, row.away_goals) for row in known]
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
