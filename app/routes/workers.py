"""Workers: the registry."""

from typing import Literal

from fastapi import APIRouter
from pydantic import ConfigDict
from pydantic.config import JsonDict

from app.bodies import StrictRoute
from app.moments import UtcTime
from app.schemas import Out
from app.state import Web
from store.workers import WorkerRow, list_workers

router = APIRouter(route_class=StrictRoute, tags=["operations"])
EXAMPLE: JsonDict = {
    "id": 3,
    "name": "host-1:4711",
    "status": "alive",
    "host": "host-1",
    "pid": 4711,
    "version": "0.1.0",
    "queues": {"cpu": 2, "default": None},
    "concurrency": 10,
    "running": 1,
    "jobs": [{"id": 17, "type": "model_training"}],
    "started_at": "2026-05-01T12:00:00Z",
    "heartbeat_age_seconds": 0.8,
    "last_fetch_at": "2026-05-01T12:10:00Z",
    "memory_bytes": 90_000_000,
    "polls": False,
}


class RunningJob(Out):
    id: int
    type: str


class WorkerOut(Out):
    """`queues` has the most jobs at once of each; none named means all. `jobs` are the first 100 running.

    `polls`: it hears no notifications, and looks for jobs by itself.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    name: str
    status: Literal["alive", "silent"]
    host: str | None
    pid: int | None
    version: str | None
    queues: dict[str, int | None] | None
    concurrency: int | None
    running: int
    jobs: list[RunningJob]
    started_at: UtcTime
    heartbeat_age_seconds: float
    last_fetch_at: UtcTime
    memory_bytes: int | None
    polls: bool

    @classmethod
    def of(cls, worker: WorkerRow) -> "WorkerOut":
        return cls.model_validate(
            {
                **vars(worker),
                "status": "silent" if worker.is_silent else "alive",
                "jobs": [
                    {"id": job_id, "type": job_type}
                    for job_id, job_type in zip(worker.job_ids, worker.job_types, strict=True)
                ],
            }
        )


class Workers(Out):
    items: list[WorkerOut]


@router.get("/workers")
async def show_workers(web: Web) -> Workers:
    """Every worker that is registered: a silent one is counted as dead, and its jobs are given to others."""
    async with web.read() as conn:
        found = await list_workers(conn)
    return Workers(items=[WorkerOut.of(worker) for worker in found])
