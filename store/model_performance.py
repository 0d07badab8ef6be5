"""How good the predictions were that were served: one row a sport, day and length of time."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.queries import query
from store.tables.models import model_performance as table
from store.tables.models import model_registry


@dataclass(frozen=True, slots=True)
class BetsOfDays:
    """What the bets settled in a time came to; None where there is nothing to tell."""

    bets: int
    roi: float | None
    closing_line_value: float | None
    closing_line_error: float | None


@dataclass(frozen=True, kw_only=True)
class NewModelPerformance:
    """Of the `window_days` before `as_of`: the predictions that were served, and the bets settled."""

    sport: str
    window_days: int
    as_of: datetime
    matches: int
    served: dict[str, int]
    log_loss: float | None = None
    log_loss_error: float | None
    brier: float | None = None
    rps: float | None = None
    accuracy: float | None = None
    ece: float | None = None
    ece_limit: float | None
    promised_log_loss: float | None
    promise_error: float | None
    market_matches: int
    market_log_loss: float | None
    log_loss_beside_market: float | None
    bets: int
    roi: float | None
    closing_line_value: float | None
    closing_line_error: float | None
    drifted: bool
    says: str


@dataclass(frozen=True, kw_only=True)
class ModelPerformanceRow(NewModelPerformance):
    """One row as it is kept."""

    day: date
    job_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A version that predicted, and what its validation promised."""

    name: str
    version: int
    log_loss: float | None
    validation_matches: int


@dataclass(frozen=True, slots=True)
class ClosingQuote:
    """The close of one bookmaker on the three results of a match."""

    match_id: int
    bookmaker: str
    known_at: datetime
    prices: list[Decimal | None]


async def save_model_performance(conn: AsyncConnection, job_id: int, new: NewModelPerformance) -> None:
    """Keeps it as the row of its day, unless that has one as of a later moment."""
    values = {**asdict(new), "job_id": job_id}
    adding = insert(table).values(**values)
    kept = {name: adding.excluded[name] for name in (*values, "created_at")}
    later = table.c.as_of <= adding.excluded.as_of
    await conn.execute(
        adding.on_conflict_do_update(index_elements=["sport", "window_days", "day"], set_=kept, where=later)
    )


async def list_model_performance(
    conn: AsyncConnection, sport: str, *, window_days: int | None = None, limit: int = 30
) -> list[ModelPerformanceRow]:
    """The latest day first."""
    found = _select().where(table.c.sport == sport).order_by(table.c.day.desc(), table.c.window_days)
    if window_days is not None:
        found = found.where(table.c.window_days == window_days)
    return [ModelPerformanceRow(**row._mapping) for row in await conn.execute(found.limit(limit))]


async def latest_model_performance(conn: AsyncConnection, sport: str) -> list[ModelPerformanceRow]:
    """The rows of the latest day, the shortest time first."""
    latest = select(table.c.day).where(table.c.sport == sport).order_by(table.c.day.desc()).limit(1)
    found = _select().where(table.c.sport == sport, table.c.day == latest.scalar_subquery())
    return [
        ModelPerformanceRow(**row._mapping) for row in await conn.execute(found.order_by(table.c.window_days))
    ]


async def bets_of_days(conn: AsyncConnection, since: datetime, as_of: datetime) -> BetsOfDays:
    """Of all bankrolls, settled after `since` and by `as_of`; void ones are left out."""
    row = (await conn.execute(query("bets_of_days"), {"since": since, "as_of": as_of})).one()
    return BetsOfDays(**row._mapping)


async def served_models(conn: AsyncConnection, model_ids: Collection[int]) -> dict[int, ServedModel]:
    registry = model_registry.c
    promised = registry.metrics["log_loss"].as_float()
    found = select(registry.id, registry.name, registry.version, promised, registry.validation_matches)
    rows = await conn.execute(found.where(registry.id.in_(model_ids)))
    return {model_id: ServedModel(*columns) for model_id, *columns in rows}


async def closing_quotes(
    conn: AsyncConnection, match_ids: Collection[int], as_of: datetime
) -> list[ClosingQuote]:
    rows = await conn.execute(query("closing_quotes"), {"match_ids": list(match_ids), "as_of": as_of})
    return [ClosingQuote(**row._mapping) for row in rows]


def _select() -> Select[Any]:
    return select(*(table.c[name] for name in ModelPerformanceRow.__dataclass_fields__))
