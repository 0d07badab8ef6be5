"""What the web process holds while it serves, and the ways of a route to the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.job_events import JobEvents
from config.settings import Settings
from health.report import HealthReports
from store.database import Database, DatabaseUnavailable

# Past this a client has lost patience; a probe's limit is in health.readiness.
DATABASE_TIMEOUT = timedelta(seconds=10)
BATCHES_AT_ONCE = 4


@dataclass
class WebState:
    """One per process. `probes` has a connection of its own, so that busy requests cannot fail a probe."""

    settings: Settings
    database: Database
    probes: Database
    events: JobEvents
    health: HealthReports
    is_draining: bool = field(default=False)
    batches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BATCHES_AT_ONCE))
    # One at a time: a body of megabytes becomes many times that in memory while it is checked.
    batch_check: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, for a bounded time."""
        async with _bounded(), self.database.read() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose work is committed at the end or not at all, for a bounded time."""
        async with _bounded(), self.database.transaction() as conn:
            yield conn

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """A connection each of whose statements is a transaction of its own, for a bounded time."""
        async with _bounded(), self.database.autocommit() as conn:
            yield conn

    def drain(self) -> None:
        """The process was told to stop: probes fail from now on, and event streams end."""
        self.is_draining = True
        self.events.end_streams()


def _state(request: Request) -> WebState:
    web: WebState = request.app.state.web
    return web


Web = Annotated[WebState, Depends(_state)]


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT.total_seconds()):
            yield
    except TimeoutError as error:
        raise DatabaseUnavailable("the database takes too long") from error
