"""Probes, and the deep report."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.bodies import StrictRoute
from app.problems import RETRY_SECONDS, Problem
from app.schemas import HealthOut
from app.state import Web
from health.readiness import UNHEARD, Readiness, readiness

probes = APIRouter(tags=["health"])
router = APIRouter(route_class=StrictRoute, tags=["health"])


class ProbeOut(BaseModel):
    status: Literal["pass"] = "pass"


class ReadyOut(BaseModel):
    """A warning keeps nobody from his work."""

    status: Literal["pass", "warn"] = "pass"
    warnings: list[str] = []


@probes.get("/live")
async def show_liveness() -> ProbeOut:
    """The process and its event loop, nothing else: a database that is away must not restart it."""
    return ProbeOut()


@probes.get("/ready")
@probes.get("/health")
async def show_readiness(web: Web) -> ReadyOut:
    """Whether requests may be sent here; otherwise 503 with the reason."""
    found = Readiness("the process is stopping") if web.is_draining else await readiness(web.probes)
    if found.obstacle:
        raise Problem("not-ready", found.obstacle, headers={"Retry-After": RETRY_SECONDS})
    warnings = [*found.warnings]
    if not web.events.is_listening:
        warnings.append(f"this process hears {UNHEARD}")
    return ReadyOut(status="warn" if warnings else "pass", warnings=warnings)


@router.get("/system/health", responses={503: {"model": HealthOut}})
@router.get("/health", responses={503: {"model": HealthOut}})
async def show_health(web: Web, response: Response) -> HealthOut:
    """Every check with its value, some seconds old at most. 503 when one fails; a warning is still 200."""
    report = await web.health.latest()
    if report.status == "fail":
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_SECONDS
    return HealthOut.model_validate(report)
