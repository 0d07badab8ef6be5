"""One event of The Odds API: outcomes, which come in any order, by name; prices from before its kick-off."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from providers.odds import fault_of_price, fault_of_sum
from providers.rows import Market, MatchBatch, MatchRow, MatchStatus, OddsRow, RejectedRow
from providers.seasons import season_of
from providers.wire import ElementRefused, Goals, Key, Many, Moment, Name, Place, Wire, elements

SOURCE = "the_odds_api"
DRAW = "Draw"
OVER_AND_UNDER = ("Over", "Under")
Price = tuple[str, Decimal | None, Decimal]


class _Outcome(Wire):
    name: str
    price: Decimal
    point: Decimal | None = None


class _Market(Wire):
    key: Key
    last_update: Moment | None = None
    outcomes: list[_Outcome]


class _Bookmaker(Wire):
    key: Key
    last_update: Moment | None = None
    markets: list[object]


class _Event(Wire):
    id: Key
    commence_time: Moment
    home_team: Name
    away_team: Name
    bookmakers: Many = None


class _TeamScore(Wire):
    name: str
    # A string of digits.
    score: Goals


class _Scored(Wire):
    id: Key
    commence_time: Moment
    home_team: Name
    away_team: Name
    completed: bool
    scores: list[_TeamScore] | None = None


@dataclass(frozen=True)
class Asked:
    """Which league an answer is about, what was asked for, and when."""

    league: str
    what: str
    now: datetime

    @property
    def place(self) -> Place:
        return Place(SOURCE, f"{self.league} {self.what}")


def read_odds(answer: object, asked: Asked) -> MatchBatch:
    """Every event with its odds; what cannot be used of it is rejected by itself. Raises AnswerUnusable."""
    batch = MatchBatch([], [])
    for here, _, event in elements(answer, _Event, asked.place, batch.rejected):
        odds = _EventOdds(event, here, asked.now, batch.rejected)
        batch.matches.append(replace(_row(event, asked), odds=tuple(odds.read())))
    return batch


def read_scores(answer: object, asked: Asked) -> MatchBatch:
    """Every event with its score if it is completed. Raises AnswerUnusable."""
    batch = MatchBatch([], [])
    for here, element, event in elements(answer, _Scored, asked.place, batch.rejected):
        try:
            batch.matches.append(_scored_row(event, asked))
        except ElementRefused as refusal:
            batch.rejected.append(here.rejected(str(refusal), element))
    return batch


def _row(event: _Event | _Scored, asked: Asked) -> MatchRow:
    kickoff = event.commence_time
    return MatchRow(
        league_code=asked.league,
        season=season_of(asked.league, kickoff.date()),
        kickoff_at=kickoff,
        kickoff_time_known=True,
        home_team=event.home_team,
        away_team=event.away_team,
        home_goals=None,
        away_goals=None,
        status=MatchStatus.SCHEDULED if kickoff > asked.now else MatchStatus.IN_PLAY,
        external_id=event.id,
    )


def _scored_row(event: _Scored, asked: Asked) -> MatchRow:
    row = _row(event, asked)
    if not event.completed:
        return row
    goals = {each.name: each.score for each in event.scores or []}
    if event.home_team not in goals or event.away_team not in goals:
        raise ElementRefused("a completed match without the scores of both teams")
    return replace(
        row,
        status=MatchStatus.PLAYED,
        home_goals=goals[event.home_team],
        away_goals=goals[event.away_team],
    )


class _EventOdds:
    """The odds of one event; what is refused of them is added to `rejected`."""

    def __init__(self, event: _Event, place: Place, now: datetime, rejected: list[RejectedRow]) -> None:
        self._event, self._place, self._now, self._rejected = event, place, now, rejected
        self._in_play = 0

    def read(self) -> Iterator[OddsRow]:
        place, told = self._about("bookmakers"), self._event.bookmakers or []
        for _, _, bookmaker in elements(told, _Bookmaker, place, self._rejected):
            yield from self._read_bookmaker(bookmaker)
        if self._in_play:
            reason = f"{self._in_play} prices were made after kick-off"
            self._rejected.append(self._about("markets").rejected(reason))

    def _read_bookmaker(self, bookmaker: _Bookmaker) -> Iterator[OddsRow]:
        place = self._about(bookmaker.key)
        for here, element, market in elements(bookmaker.markets, _Market, place, self._rejected):
            known_at = market.last_update or bookmaker.last_update or self._now
            if known_at > self._event.commence_time:
                self._in_play += 1
                continue
            try:
                yield from self._read_market(bookmaker.key, market, known_at)
            except ElementRefused as refusal:
                self._rejected.append(here.rejected(str(refusal), element))

    def _read_market(self, bookmaker: str, market: _Market, known_at: datetime) -> Iterator[OddsRow]:
        match market.key:
            case "h2h":
                names = (self._event.home_team, DRAW, self._event.away_team)
                yield _odds(bookmaker, Market.MATCH_RESULT, None, _by_name(market.outcomes, names), known_at)
            case "totals":
                for line in sorted({_line(outcome) for outcome in market.outcomes}):
                    at_line = [outcome for outcome in market.outcomes if outcome.point == line]
                    prices = _by_name(at_line, OVER_AND_UNDER)
                    yield _odds(bookmaker, Market.OVER_UNDER, line, prices, known_at)
            case _:
                raise ElementRefused(f"market {market.key} was not asked for")

    def _about(self, what: str) -> Place:
        return Place(SOURCE, f"{self._place.file} {self._event.id} {what}", self._place.line)


def _odds(
    bookmaker: str, market: Market, line: Decimal | None, prices: tuple[Decimal, ...], known_at: datetime
) -> OddsRow:
    faults = [fault for price in prices if (fault := fault_of_price(price))]
    if not faults:
        faults = [fault_of_sum(bookmaker, [1 / float(price) for price in prices])]
    if faults[0]:
        raise ElementRefused(faults[0])
    return OddsRow(bookmaker, market, line, prices, is_closing=False, known_at=known_at)


def _line(outcome: _Outcome) -> Decimal:
    if outcome.point is None:
        raise ElementRefused("an outcome of over/under without a line")
    return outcome.point


def _by_name(outcomes: list[_Outcome], names: tuple[str, ...]) -> tuple[Decimal, ...]:
    prices = {outcome.name: outcome.price for outcome in outcomes}
    if sorted(prices) != sorted(names) or len(prices) != len(outcomes):
        raise ElementRefused(f"the outcomes are not {', '.join(names)}")
    return tuple(prices[name] for name in names)
