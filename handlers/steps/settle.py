"""Settles bets by what is known of their matches, in batches that each commit by themselves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from betting.endings import MatchState, known_ending
from betting.markets import Market, Selection
from betting.settlement import (
    PLAYED_WITHIN,
    Bet,
    BetStatus,
    Ending,
    Settlement,
    settle_again,
)
from handlers.steps.closing import closes
from jobs.handler import Job
from store.settlements import (
    BetToSettle,
    NewClose,
    NewSettlement,
    bets_to_correct,
    bets_without_close,
    hold_bets,
    save_closing_prices,
    save_settlements,
    settleable_bets,
)

# A batch is worked on for some hundredths of a second, in which nothing else runs in the worker's loop.
BATCH = 200
# Sources correct a result within days; after this a season is over.
CORRECTED_WITHIN = timedelta(days=90)
# The files with closing odds come twice a week.
CLOSE_KNOWN_WITHIN = timedelta(days=14)

log = structlog.get_logger()


@dataclass
class Settled:
    """What a run came to: bets settled first, by status, those settled again, and what all of it brought."""

    by_status: Counter[BetStatus] = field(default_factory=Counter)
    corrected: int = 0
    confirmed: int = 0
    refused: int = 0
    profit: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class _Decision:
    """What becomes of a bet; `difference` is to be paid with it."""

    bet: BetToSettle
    settlement: Settlement
    difference: Decimal

    @property
    def is_first(self) -> bool:
        return self.bet.status == BetStatus.OPEN

    @property
    def confirms(self) -> bool:
        """Another result than before, by which the bet became the same."""
        return self.bet.status == self.settlement.status and self.difference == 0

    @property
    def needs_close(self) -> bool:
        return self.bet.closing_price is None and self.settlement.status is not BetStatus.VOID

    def row(self, close: NewClose | None) -> NewSettlement:
        return NewSettlement(
            bet_id=self.bet.bet_id,
            status=self.settlement.status,
            returned=self.settlement.returned,
            difference=self.difference,
            ending=self.settlement.ending,
            home_goals=self.settlement.goals[0],
            away_goals=self.settlement.goals[1],
            why=self.settlement.why,
            closing_price=None if close is None else close.closing_price,
            closing_probability=None if close is None else close.closing_probability,
        )


async def settle_bets(job: Job, as_of: datetime) -> Settled:
    """Settles what has ended by `as_of`, and again what was settled by a result that was corrected."""
    async with job.database.read() as conn:
        bet_ids = await settleable_bets(conn, as_of, PLAYED_WITHIN)
        bet_ids += await bets_to_correct(conn, as_of, as_of - CORRECTED_WITHIN)
    settled = Settled()
    for done, batch in _batches(bet_ids):
        await _settle_batch(job, as_of, batch, settled)
        job.progress(done / len(bet_ids), f"{done} of {len(bet_ids)} bets looked at", step="settle")
    return settled


async def add_closing_prices(job: Job, as_of: datetime) -> int:
    """Gives bets settled lately the closing prices that have become known since; how many got one."""
    async with job.database.read() as conn:
        bet_ids = await bets_without_close(conn, as_of, as_of - CLOSE_KNOWN_WITHIN)
    added = 0
    for _, batch in _batches(bet_ids):
        async with job.transaction() as conn:
            found = await closes(conn, await hold_bets(conn, batch), as_of)
            await save_closing_prices(conn, list(found.values()))
        added += len(found)
    return added


def _batches(bet_ids: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    for start in range(0, len(bet_ids), BATCH):
        batch = bet_ids[start : start + BATCH]
        yield start + len(batch), batch


async def _settle_batch(job: Job, as_of: datetime, bet_ids: Sequence[int], settled: Settled) -> None:
    async with job.transaction() as conn:
        held = await hold_bets(conn, bet_ids)
        decisions = [made for bet in held if (made := _decide(bet, as_of, settled)) is not None]
        found = await closes(conn, [made.bet for made in decisions if made.needs_close], as_of)
        rows = [made.row(found.get(made.bet.bet_id)) for made in decisions]
        await save_settlements(conn, job.id, as_of, rows)
    for made in decisions:
        settled.profit += made.difference
        if made.is_first:
            settled.profit -= made.bet.stake
            settled.by_status[made.settlement.status] += 1
        elif made.confirms:
            settled.confirmed += 1
        else:
            settled.corrected += 1


def _decide(bet: BetToSettle, as_of: datetime, settled: Settled) -> _Decision | None:
    """What becomes of a bet; None if that is not clear yet, or nothing new."""
    ended = known_ending(_match_of(bet), bet.planned_at, as_of)
    if ended is None:
        return None
    try:
        again = settle_again(_bet(bet), _previous(bet), ended)
    except ValueError as error:  # one row that is no bet must not keep all others open
        log.error("bet_cannot_be_settled", bet_id=bet.bet_id, reason=str(error))
        settled.refused += 1
        return None
    return None if again is None else _Decision(bet, *again)


def _match_of(bet: BetToSettle) -> MatchState:
    return MatchState(
        status=bet.match_status,
        kickoff_at=bet.kickoff_at,
        kickoff_time_known=bet.kickoff_time_known,
        home_goals=bet.home_goals,
        away_goals=bet.away_goals,
        result_known_at=bet.result_known_at,
        changed_at=bet.changed_at,
    )


def _bet(bet: BetToSettle) -> Bet:
    selection = Selection(Market(bet.market), bet.selection, bet.line)
    return Bet(selection, bet.stake, bet.price, bet.placed_at, bet.planned_at)


def _previous(bet: BetToSettle) -> Settlement | None:
    if bet.returned is None:
        return None
    ending, why = Ending(bet.ending or Ending.PLAYED), bet.why or ""
    goals = (bet.settled_home_goals, bet.settled_away_goals)
    return Settlement(BetStatus(bet.status), bet.returned, bet.returned - bet.stake, ending, goals, why)
