"""Queues: how full they are; pause and resume."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import ConfigDict
from pydantic.config import JsonDict

from app.bodies import StrictRoute
from app.moments import UtcTime
from app.problems import Problem
from app.schemas import Out
from app.state import Web
from app.submission import RequestedBy
from jobs.handler import HANDLERS
from store.queues import QueueState, find_queue, list_queues, pause_queue, resume_queue

router = APIRouter(route_class=StrictRoute, tags=["operations"])
QueueName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,128}$", examples=["cpu"])]
EXAMPLE: JsonDict = {
    "name": "cpu",
    "status": "paused",
    "pending": 12,
    "scheduled": 2,
    "running": 1,
    "oldest_pending_seconds": 31.5,
    "paused_at": "2026-05-01T12:00:00Z",
    "paused_by": "ops",
}


class QueueStateOut(Out):
    """`scheduled` of the `pending` jobs wait for their time; the oldest one counts from when it was due."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str
    status: Literal["active", "paused"]
    pending: int
    scheduled: int
    running: int
    oldest_pending_seconds: float | None
    paused_at: UtcTime | None
    paused_by: str | None


class Queues(Out):
    items: list[QueueStateOut]


@router.get("/queues")
async def show_queues(web: Web) -> Queues:
    """Every known queue: those of the job types, those with active jobs, those that were ever paused."""
    async with web.read() as conn:
        found = await list_queues(conn, _declared())
    return Queues(items=[_out(queue) for queue in found])


@router.post("/queues/{name}/pause")
async def pause(name: QueueName, web: Web, requested_by: RequestedBy = None) -> QueueStateOut:
    """The queue gives no jobs until it is resumed; those that run go on. Pausing it again changes nothing."""
    async with web.transaction() as conn:
        _existing(name, await find_queue(conn, name, _declared()))
        await pause_queue(conn, name, requested_by)
        return _out(_existing(name, await find_queue(conn, name, _declared())))


@router.post("/queues/{name}/resume")
async def resume(name: QueueName, web: Web) -> QueueStateOut:
    """The queue gives jobs again, and its workers are told at once. Resuming it again changes nothing."""
    async with web.transaction() as conn:
        _existing(name, await find_queue(conn, name, _declared()))
        await resume_queue(conn, name)
        return _out(_existing(name, await find_queue(conn, name, _declared())))


def _declared() -> set[str]:
    return {handler.queue for handler in HANDLERS.values()}


def _existing(name: str, queue: QueueState | None) -> QueueState:
    if queue is None:
        raise Problem("queue-not-found", f"there is no queue {name}; GET /api/queues lists them")
    return queue


def _out(queue: QueueState) -> QueueStateOut:
    return QueueStateOut.model_validate({**vars(queue), "status": "paused" if queue.paused_at else "active"})
