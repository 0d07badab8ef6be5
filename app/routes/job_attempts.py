"""What each attempt of a job did, and how it ended."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict

from app.bodies import StrictRoute
from app.moments import UtcTime
from app.routes.jobs import JobId
from app.schemas import ErrorOut, Out
from app.state import Web
from jobs.service import JobNotFound
from store.jobs import AttemptRow, get_job, list_attempts

router = APIRouter(route_class=StrictRoute, tags=["jobs"])

EXAMPLE: dict[str, Any] = {
    "attempt": 1,
    "worker": "worker-1:4711",
    "started_at": "2026-05-01T12:00:00Z",
    "finished_at": "2026-05-01T12:00:03Z",
    "seconds": 3.0,
    "outcome": "failed",
    "progress": 0.4,
    "step": "train",
    "message": "fitting random_forest",
    "error": {"kind": "timeout", "message": "ran longer than its limit of 3 seconds"},
    "trace": None,
}


class AttemptOut(Out):
    """`outcome` is null while it runs; `trace` are the last calls before an error of the handler."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    attempt: int
    worker: str
    started_at: UtcTime
    finished_at: UtcTime | None
    seconds: float | None
    outcome: str | None
    progress: float
    step: str
    message: str
    error: ErrorOut | None
    trace: str | None

    @classmethod
    def of(cls, row: AttemptRow) -> "AttemptOut":
        finished = row.finished_at
        return cls.model_validate(
            {
                **vars(row),
                "seconds": (finished - row.started_at).total_seconds() if finished else None,
                "error": row.error_kind and {"kind": row.error_kind, "message": row.error},
            }
        )


class Attempts(Out):
    items: list[AttemptOut]


@router.get("/jobs/{job_id}/attempts")
async def show_attempts(job_id: JobId, web: Web) -> Attempts:
    """Every attempt of a job, the first one first: its worker, times, outcome and error."""
    async with web.read() as conn:
        attempts = await list_attempts(conn, job_id)
        if not attempts and await get_job(conn, job_id) is None:
            raise JobNotFound(job_id)
    return Attempts(items=[AttemptOut.of(row) for row in attempts])
