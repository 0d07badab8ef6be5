"""Matches, odds and bets for the tests of what becomes of bets, as sources and picks leave them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.matches import NewMatch, upsert_matches
from store.models import NewModelVersion, add_version
from store.odds import NewOdds, replace_odds
from store.tables.betting import bet_settlements, bets
from store.tables.matches import matches
from store.tables.models import match_predictions

KICKOFF = datetime(2021, 8, 14, 14, tzinfo=UTC)
PLACED = KICKOFF - timedelta(days=1)
KNOWN = KICKOFF + timedelta(hours=2)
Score = tuple[int, int]


def fixture(home: str = "Leeds", *, kickoff_at: datetime = KICKOFF, league: str = "E0") -> NewMatch:
    return NewMatch(league, "2021-22", kickoff_at, True, home, "Everton", None, None, None, "test")


async def add_match(
    conn: AsyncConnection, home: str = "Leeds", score: Score | None = None, **more: Any
) -> int:
    """A fixture, or with a score a match whose result is known two hours after its kick-off; its number."""
    new = fixture(home, **more)
    await upsert_matches(conn, [new])
    named = (matches.c.home_team == home) & (matches.c.kickoff_at == new.kickoff_at)
    match_id = int(await conn.scalar(select(matches.c.id).where(named)) or 0)
    if score is not None:
        await end_match(conn, match_id, score)
    return match_id


async def end_match(conn: AsyncConnection, match_id: int, score: Score) -> None:
    """The result as a source tells it: at first, or corrected."""
    values = {"home_goals": score[0], "away_goals": score[1], "status": "played"}
    known_at = matches.c.kickoff_at + timedelta(hours=2)
    played = update(matches).where(matches.c.id == match_id)
    await conn.execute(played.values(**values, result_known_at=known_at, updated_at=known_at))


async def change_match(conn: AsyncConnection, match_id: int, **values: Any) -> None:
    await conn.execute(update(matches).where(matches.c.id == match_id).values(**values))


async def add_bet(conn: AsyncConnection, match_id: int, selection: str = "home", **more: Any) -> int:
    """10.00 on a selection at 2.50, from the bankroll `main` of 1000.00, on the day before the match."""
    bankroll = more.get("bankroll", "main")
    await conn.execute(
        text("insert into bankrolls (name, opening) values (:name, 1000) on conflict do nothing"),
        {"name": bankroll},
    )
    values = {
        "bankroll": bankroll,
        "match_id": match_id,
        "market": "match_result",
        "selection": selection,
        "bookmaker": "bet365",
        "price": Decimal("2.50"),
        "stake": Decimal("10.00"),
        "placed_at": PLACED,
        "kickoff_at": KICKOFF,
    }
    added = insert(bets).values(**{**values, **more}).returning(bets.c.id)
    return int((await conn.execute(added)).scalar_one())


async def add_odds(
    conn: AsyncConnection, home: str = "Leeds", *told: tuple[str, bool, datetime, str]
) -> None:
    """What a source says of each bookmaker: whether it is the close, when, the prices of the results."""
    rows = [
        NewOdds(
            "E0", home, "Everton", KICKOFF, "test", bookmaker, "match_result", None, is_closing, known_at,
            tuple(Decimal(price) for price in prices.split()),
        )
        for bookmaker, is_closing, known_at, prices in told
    ]  # fmt: skip
    await replace_odds(conn, rows)


async def add_model(conn: AsyncConnection, log_loss: float = 1.0) -> int:
    """A version whose validation promised this log loss on 1,000 matches; its number."""
    moments = dict.fromkeys(("data_from", "data_to", "as_of"), PLACED - timedelta(days=30))
    new = NewModelVersion(
        "football", "ensemble", [], {}, {"log_loss": log_loss}, 9_000, 1_000, **moments,
        artifact_sha256="0" * 64, artifact_format="json", code_revision="test", job_id=1, importance={},
    )  # fmt: skip
    return (await add_version(conn, new)).id


async def add_prediction(
    conn: AsyncConnection, match_id: int, model_id: int, told: tuple[float, float, float], **more: Any
) -> None:
    """What a version said of a match, on the day before it if nothing else is given."""
    values = dict(zip(("home", "draw", "away"), told, strict=True), as_of=PLACED, pick="home", job_id=1)
    new = {**values, "match_id": match_id, "model_id": model_id, **more}
    await conn.execute(insert(match_predictions).values(**new))


async def bet_row(conn: AsyncConnection, bet_id: int) -> Any:
    return (await conn.execute(select(bets).where(bets.c.id == bet_id))).one()


async def trail(conn: AsyncConnection, bet_id: int) -> Sequence[Any]:
    columns = bet_settlements.c
    found = select(columns.status, columns.returned, columns.difference, columns.ending, columns.why)
    rows = await conn.execute(found.where(columns.bet_id == bet_id).order_by(columns.id))
    return rows.all()
