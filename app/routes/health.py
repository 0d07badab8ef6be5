"""Probes, and the deep report."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.bodies import StrictRoute
from app.problems import RETRY_SECONDS, Problem
from app.schemas import HealthOut
from app.state import Web
from health.readiness import why_not_ready

probes = APIRouter(tags=["health"])
router = APIRouter(route_class=StrictRoute, tags=["health"])


class ProbeOut(BaseModel):
    status: Literal["pass"] = "pass"


@probes.get("/live")
async def show_liveness() -> ProbeOut:
    """The process and its event loop, nothing else: a database that is away must not restart it."""
    return ProbeOut()


@probes.get("/ready")
@probes.get("/health")
async def show_readiness(web: Web) -> ProbeOut:
    """Whether requests may be sent here; otherwise 503 with the reason."""
    reason = "the process is stopping" if web.is_draining else await why_not_ready(web.probes)
    if reason:
        raise Problem("not-ready", reason, headers={"Retry-After": RETRY_SECONDS})
    return ProbeOut()


@router.get("/system/health", responses={503: {"model": HealthOut}})
@router.get("/health", responses={503: {"model": HealthOut}})
async def show_health(web: Web, response: Response) -> HealthOut:
    """Every check with its value, some seconds old at most. 503 when one fails; a warning is still 200."""
    report = await web.health.latest()
    if report.status == "fail":
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_SECONDS
    return HealthOut.model_validate(report)
