"""Which jobs there are, and how they do."""

import inspect
import sys
from typing import Any

from fastapi import APIRouter

from app.bodies import StrictRoute
from app.schemas import JobStats, JobTypeOut, JobTypes, JobTypeStatsOut, QueueOut
from app.state import Web
from jobs.handler import HANDLERS, Handler
from store.jobs import count_by_status, job_type_stats, queue_depths

router = APIRouter(route_class=StrictRoute, tags=["jobs"])


@router.get("/jobs/types")
async def list_job_types() -> JobTypes:
    """Every job type with its limits and the JSON schema of its parameters."""
    return JobTypes(items=[_described(HANDLERS[name]) for name in sorted(HANDLERS)])


@router.get("/jobs/stats")
async def show_job_stats(web: Web) -> JobStats:
    """Jobs by status and by type, run times of the last day, and the depth of each queue."""
    async with web.read() as conn:
        by_status = await count_by_status(conn)
        types = await job_type_stats(conn)
        queues = await queue_depths(conn)
    return JobStats(
        by_status=by_status,
        by_type=[JobTypeStatsOut.model_validate({**vars(row), "type": row.job_type}) for row in types],
        queues=[QueueOut.model_validate(row) for row in queues],
    )


def _described(handler: type[Handler[Any]]) -> JobTypeOut:
    module = sys.modules[handler.__module__]
    return JobTypeOut(
        type=handler.job_type,
        description=inspect.getdoc(module) or "",
        queue=handler.queue,
        own_process=handler.own_process,
        timeout_seconds=handler.timeout.total_seconds(),
        max_attempts=handler.retry.times + 1,
        # Only a process of its own has memory of its own.
        memory_mb=handler.memory_mb if handler.own_process else None,
        params_schema=handler.params.model_json_schema(),
    )
