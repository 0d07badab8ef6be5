"""What sources told and was refused, with the reason."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from app.bodies import StrictRoute
from app.moments import UtcTime
from app.schemas import Out
from app.state import Web
from store.quarantine import list_quarantined

router = APIRouter(route_class=StrictRoute, tags=["predictions"])


class QuarantinedOut(Out):
    """One refused piece of a source; `job_id` is the job that saw it last."""

    source: str
    file: str
    line: int = Field(description="Counts from 1; 0: the file or the answer as a whole")
    reason: str
    raw: dict[str, Any]
    job_id: int
    first_seen_at: UtcTime
    last_seen_at: UtcTime


class Quarantined(Out):
    items: list[QuarantinedOut]


@router.get("/v1/quarantine")
async def show_quarantined(
    web: Web,
    source: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Quarantined:
    """Rows that could not be right, or name a team that nobody knows; those seen last come first."""
    async with web.read() as conn:
        rows = await list_quarantined(conn, source=source, limit=limit)
    return Quarantined(items=[QuarantinedOut.model_validate(row) for row in rows])
