"""The web process, put together: `uvicorn --factory app.main:create_app`."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from app import docs_page
from app.idempotency import Replay, replayed
from app.job_events import JobEvents
from app.methods import MethodsMiddleware
from app.problems import RESPONSES, install_problems
from app.request_log import RequestLog
from app.routes import (
    bets,
    health,
    job_attempts,
    job_batches,
    job_cancels,
    job_events,
    job_types,
    jobs,
    lineups,
    model_performance,
    model_service,
    models,
    picks,
    pipelines,
    predictions,
    problems,
    quarantine,
    queues,
    schedules,
    shortcuts,
    teams,
    trainings,
    workers,
)
from app.shutdown import call_on_stop
from app.state import WebState
from config.logs import configure_logs
from config.settings import Settings, SettingsError, load_settings, require_database
from health.checks import Subject
from health.report import HealthReports
from store.database import Database

# Spans of every dependency and response would cost more than they tell; metrics are of our own making.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. It needs no database to start, and finds it by itself whenever it comes."""
    settings = _checked(settings)
    importlib.import_module("handlers")  # registers the job types
    app = FastAPI(
        title="matchday",
        description="Sports predictions as jobs on PostgreSQL.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        responses=RESPONSES,
    )
    app.state.web = _open(settings)
    app.add_middleware(MethodsMiddleware)
    app.add_middleware(RequestLog)  # the outermost: it sees every answer
    install_problems(app)
    app.add_exception_handler(Replay, replayed)
    _include_routes(app)
    return app


def _checked(settings: Settings | None) -> Settings:
    try:
        if settings is None:
            settings = load_settings()
            configure_logs(settings, "api")
        return require_database(settings)
    except SettingsError as error:
        raise SystemExit(f"matchday: {error}") from None


def _open(settings: Settings) -> WebState:
    database = Database(settings.database_url, process="api")
    return WebState(
        settings=settings,
        database=database,
        probes=Database(settings.database_url, process="api probes", pool_size=1, pool_timeout=1),
        events=JobEvents(database, settings.direct_url),
        health=HealthReports(Subject(database, settings.matchday_home, settings)),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    web: WebState = app.state.web
    listening = asyncio.create_task(web.events.listen(), name="job events")
    with call_on_stop(web.drain):
        yield
    web.drain()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    await web.database.close()
    await web.probes.close()


def _include_routes(app: FastAPI) -> None:
    # `/jobs/types` before `/jobs/{job_id}`.
    of_jobs = (
        job_types.router,
        job_events.router,
        job_attempts.router,
        job_batches.router,
        job_cancels.router,
        jobs.router,
    )
    of_football = (
        predictions.router,
        picks.router,
        bets.router,
        lineups.router,
        teams.router,
        quarantine.router,
    )
    of_models = (models.router, model_service.router, model_performance.router, trainings.router)
    for router in (*of_jobs, pipelines.router, shortcuts.router, *of_football, *of_models):
        app.include_router(router, prefix="/api")
    for router in (queues.router, workers.router, schedules.router, health.router):
        app.include_router(router, prefix="/api")
    for router in of_jobs:
        app.include_router(router, include_in_schema=False)
    for router in (health.probes, problems.router, docs_page.router):
        app.include_router(router)
