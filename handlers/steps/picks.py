"""Picks what is worth a bet of the fixtures that were predicted, and bets on it if the run is to."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from betting.markets import Market, Selection, selections_of
from betting.offers import Offer
from betting.picks import Pick, PricedMatch, choose_picks
from betting.staking import Exposure
from handlers.steps.betting_scope import BettingScope
from store.bankrolls import hold_bankroll, money_available
from store.bets import HeldBet, NewBet, count_bets_on, held_bets, place_bets, staked_on_day
from store.picks import NewPick, PickKey, replace_picks
from store.predictions import NewPrediction
from store.prices import KnownPrices, known_prices

GOAL_LINE = Decimal("2.5")
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Predictions:
    """What one model said at a moment of these matches, with the kick-off of each."""

    model_id: int
    as_of: datetime
    rows: Sequence[NewPrediction]
    kickoffs: Mapping[int, datetime]


@dataclass(frozen=True)
class Picked:
    """How many picks the matches have, and on how many of them the bankroll has bet; none if it is not to."""

    picks: int
    bets: int


async def pick(conn: AsyncConnection, job_id: int, said: Predictions, scope: BettingScope) -> Picked:
    """Stores the picks at the prices known as of the moment; with `scope.bet`, they are bets as well.

    Asked again of the same moment it changes nothing that was bet on, and bets on nothing twice.
    """
    match_ids = list(said.kickoffs)
    if scope.bet:
        await hold_bankroll(conn, scope.bankroll, opening=scope.opening_bankroll)
    money = await money_available(conn, scope.bankroll, said.as_of)
    choice = choose_picks(
        await _priced(conn, said, scope),
        scope.rules,
        scope.plan,
        Exposure(
            bankroll=max(scope.opening_bankroll if money is None else money, NOTHING),
            staked_today=await staked_on_day(conn, scope.bankroll, said.as_of),
        ),
        said.as_of,
    )
    new = [_as_row(pick) for pick in choice.picks]
    numbers = await replace_picks(
        conn, job_id, new, model_id=said.model_id, as_of=said.as_of, match_ids=match_ids
    )
    if not scope.bet:
        return Picked(len(numbers), 0)
    await place_bets(conn, [_as_bet(row, numbers, said, scope.bankroll) for row in new])
    return Picked(len(numbers), await count_bets_on(conn, scope.bankroll, numbers.values()))


async def _priced(conn: AsyncConnection, said: Predictions, scope: BettingScope) -> list[PricedMatch]:
    match_ids: Collection[int] = said.kickoffs.keys()
    offers: dict[int, list[Offer]] = defaultdict(list)
    oldest = scope.rules.oldest_price
    for prices in await known_prices(conn, match_ids, as_of=said.as_of, oldest=oldest):
        offers[prices.match_id] += _offers(prices)
    held: dict[int, list[HeldBet]] = defaultdict(list)
    for bet in await held_bets(conn, scope.bankroll, match_ids):
        held[bet.match_id].append(bet)
    return [
        PricedMatch(
            match_id=row.match_id,
            kickoff_at=said.kickoffs[row.match_id],
            probabilities=dict(_probabilities(row)),
            offers=offers[row.match_id],
            held=frozenset(
                Selection(Market(bet.market), bet.selection, bet.line) for bet in held[row.match_id]
            ),
            staked=sum((bet.stake for bet in held[row.match_id]), NOTHING),
        )
        for row in said.rows
    ]


def _offers(prices: KnownPrices) -> Iterator[Offer]:
    selections = selections_of(Market(prices.market), prices.line)
    for selection, price in zip(selections, prices.prices, strict=True):
        # A source may say anything: what pays nothing is no offer.
        if price is not None and price > 1:
            yield Offer(prices.bookmaker, selection, price, prices.known_at)


def _probabilities(row: NewPrediction) -> Iterator[tuple[Selection, float]]:
    """Of what can be bet on; a result that is certain, or certain not to be, is a fault and no bet."""
    told = dict(zip(selections_of(Market.MATCH_RESULT), (row.home, row.draw, row.away), strict=True))
    if row.over_2_5 is not None:
        goals = selections_of(Market.OVER_UNDER, GOAL_LINE)
        told |= zip(goals, (row.over_2_5, 1 - row.over_2_5), strict=True)
    return ((selection, chance) for selection, chance in told.items() if 0 < chance < 1)


def _as_row(pick: Pick) -> NewPick:
    offer, selection = pick.offer, pick.offer.selection
    return NewPick(
        match_id=pick.match_id,
        market=selection.market,
        line=selection.line,
        selection=selection.name,
        bookmaker=offer.bookmaker,
        price=offer.price,
        price_known_at=offer.known_at,
        probability=pick.probability,
        edge=pick.edge,
        kelly=pick.stake.kelly,
        stake=pick.stake.amount,
        stake_limit=pick.stake.limit,
        why=pick.why,
    )


def _as_bet(pick: NewPick, numbers: Mapping[PickKey, int], said: Predictions, bankroll: str) -> NewBet:
    return NewBet(
        bankroll=bankroll,
        match_id=pick.match_id,
        pick_id=numbers[PickKey(pick.match_id, pick.market, pick.line, pick.selection)],
        market=pick.market,
        line=pick.line,
        selection=pick.selection,
        bookmaker=pick.bookmaker,
        price=pick.price,
        stake=pick.stake,
        probability=pick.probability,
        placed_at=said.as_of,
        kickoff_at=said.kickoffs[pick.match_id],
    )
