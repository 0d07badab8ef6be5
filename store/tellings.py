"""What model versions would have said of matches that they had not seen: how they are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables.models import model_tellings


@dataclass(frozen=True, slots=True)
class Telling:
    """Probabilities of the three results of one match (adding up to 1)."""

    match_id: int
    home: float
    draw: float
    away: float


async def save_tellings(conn: AsyncConnection, model_id: int, rows: Sequence[Telling]) -> None:
    if rows:
        values = [
            {"model_id": model_id, "match_id": r.match_id, "home": r.home, "draw": r.draw, "away": r.away}
            for r in rows
        ]
        await conn.execute(insert(model_tellings), values)


async def tellings_of(conn: AsyncConnection, model_id: int) -> list[Telling]:
    t = model_tellings
    found = select(t.c.match_id, t.c.home, t.c.draw, t.c.away).where(t.c.model_id == model_id)
    return [Telling(*row) for row in await conn.execute(found.order_by(t.c.match_id))]
