"""Bets: the list, each with its settlements, and what they brought."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.bet_figures import figures_of
from app.bet_schemas import BetOut, BetPage, BetStatus, BetWithTrail, PerformanceOut
from app.bodies import StrictRoute
from app.cursors import decode_timed_cursor, encode_timed_cursor
from app.moments import Moment
from app.pages import Cursor, Limit, page_of, place_of
from app.problems import Problem, invalid
from app.row_ids import RowId
from app.state import Web
from app.strict_json import Fault
from store.bet_history import BetFilter, BetRow, bankroll_opening, find_bet, list_bets, settled_bets
from store.jobs import database_now
from store.settlements import bankrolls_at, settlements_of

# Half a second of arithmetic; more bets are better asked for year by year.
MOST_BETS = 20_000

router = APIRouter(route_class=StrictRoute, tags=["bets"])
Bankroll = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
League = Annotated[str, Query(pattern=r"^[A-Za-z0-9]{1,8}$")]


@router.get("/bets")
async def find_bets(
    web: Web,
    request: Request,
    response: Response,
    bankroll: Bankroll | None = None,
    status: Annotated[list[BetStatus], Query(max_length=7, description="May be given several times")] = [],  # noqa: B006
    league: League | None = None,
    placed_from: Annotated[Moment | None, Query(alias="from", description="Placed at or after")] = None,
    placed_to: Annotated[Moment | None, Query(alias="to", description="Placed before")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> BetPage:
    """Bets, the one placed last first. Follow `next_cursor`, or the header Link, to the earlier ones."""
    league_code = None if league is None else league.upper()
    wanted = BetFilter(bankroll, tuple(status), league_code, placed_from, placed_to)
    after = place_of(cursor, decode_timed_cursor)
    async with web.read() as conn:
        found = await list_bets(conn, wanted, after=after, limit=limit + 1)
    page, next_cursor = page_of(found, limit, _cursor_of, request, response)
    return BetPage(items=[BetOut.of(bet) for bet in page], next_cursor=next_cursor)


@router.get("/bets/performance")
async def show_performance(
    web: Web,
    bankroll: Bankroll = "main",
    days: Annotated[int | None, Query(ge=1, le=3_650, description="Settled within so many days")] = None,
    settled_from: Annotated[Moment | None, Query(alias="from", description="Settled after")] = None,
    settled_to: Annotated[Moment | None, Query(alias="to", description="Settled by; left out: now")] = None,
) -> PerformanceOut:
    """What settled bets came to. Closing line value and calibration come first: they tell most, soonest."""
    if days is not None and (settled_from or settled_to):
        raise invalid([Fault("?days", "give days, or from and to")])
    async with web.read() as conn:
        opening = await bankroll_opening(conn, bankroll)
        if opening is None:
            raise Problem("bankroll-not-found", f"there is no bankroll {bankroll}")
        until = settled_to or await database_now(conn)
        since = until - timedelta(days=days) if days is not None else settled_from
        starts_with = opening if since is None else (await bankrolls_at(conn, since, bankroll))[bankroll]
        rows = await settled_bets(conn, bankroll, since=since, until=until, limit=MOST_BETS + 1)
    if len(rows) > MOST_BETS:
        told = f"more than {MOST_BETS} bets were settled in this time: ask for less of it"
        raise invalid([Fault("?from", told)])
    return await asyncio.to_thread(
        figures_of, rows, bankroll=bankroll, starts_with=starts_with, settled_from=since, settled_to=until
    )


@router.get("/bets/{bet_id}")
async def show_bet(bet_id: RowId, web: Web) -> BetWithTrail:
    """A bet with what became of it: its first settlement, and one for each correction."""
    async with web.read() as conn:
        bet = await find_bet(conn, bet_id)
        if bet is None:
            raise Problem("bet-not-found", f"there is no bet {bet_id}")
        return BetWithTrail.of_trail(bet, await settlements_of(conn, bet_id))


def _cursor_of(bet: BetRow) -> str:
    return encode_timed_cursor(bet.placed_at, bet.id)
