"""Rows of a source that were refused: kept with their reason, never silently dropped."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jsonb import storable_json
from store.queries import query
from store.tables.matches import quarantined_rows


@dataclass(frozen=True, slots=True)
class RefusedRow:
    source: str
    file: str
    line: int
    reason: str
    raw: dict[str, str]


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One refused line of a source; job_id is the job that saw it last."""

    source: str
    file: str
    line: int
    reason: str
    raw: dict[str, Any]
    job_id: int
    first_seen_at: datetime
    last_seen_at: datetime


async def quarantine(conn: AsyncConnection, job_id: int, rows: Sequence[RefusedRow]) -> None:
    """Keeps the refused rows; one that was seen before only moves its last_seen_at."""
    payload = storable_json([asdict(row) for row in rows])
    await conn.execute(query("quarantine_rows"), {"rows": payload, "job_id": job_id})


async def list_quarantined(
    conn: AsyncConnection, *, source: str | None = None, limit: int = 100
) -> list[QuarantinedRow]:
    """The rows seen last come first."""
    columns = [quarantined_rows.c[name] for name in QuarantinedRow.__dataclass_fields__]
    found = (
        select(*columns).order_by(quarantined_rows.c.last_seen_at.desc(), quarantined_rows.c.id).limit(limit)
    )
    if source is not None:
        found = found.where(quarantined_rows.c.source == source)
    return [QuarantinedRow(*row) for row in await conn.execute(found)]
