"""Whether a process may be sent requests: the database answers at once, with the schema of this release."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from store.database import Database, DatabaseUnavailable
from store.migrations import missing_migrations
from store.workers import polling_workers

PING_TIMEOUT = timedelta(seconds=1)
UNHEARD = "no notifications; behind a pooler in transaction mode, DATABASE_URL_DIRECT must name the server"


@dataclass(frozen=True)
class Readiness:
    """`obstacle` is one line for the operator, None when all is well; warnings keep nobody from the work."""

    obstacle: str | None = None
    warnings: tuple[str, ...] = ()


async def readiness(database: Database) -> Readiness:
    try:
        async with asyncio.timeout(PING_TIMEOUT.total_seconds()), database.read() as conn:
            missing = await missing_migrations(conn)
            polling = 0 if missing else await polling_workers(conn)
    except TimeoutError:
        return Readiness(f"the database does not answer within {PING_TIMEOUT.total_seconds():g} s")
    except DatabaseUnavailable:
        return Readiness("the database cannot be reached")
    if missing:
        return Readiness(f"the database lacks migrations, run `matchday migrate`: {', '.join(missing)}")
    return Readiness(warnings=(f"{polling} workers poll: they hear {UNHEARD}",) if polling else ())
