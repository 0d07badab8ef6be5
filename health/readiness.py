"""Whether a process may be sent requests: the database answers at once, with the schema of this release."""

import asyncio
from datetime import timedelta

from store.database import Database, DatabaseUnavailable
from store.migrations import missing_migrations

PING_TIMEOUT = timedelta(seconds=1)


async def why_not_ready(database: Database) -> str | None:
    """One line for the operator, or None when all is well."""
    try:
        async with asyncio.timeout(PING_TIMEOUT.total_seconds()), database.read() as conn:
            missing = await missing_migrations(conn)
    except TimeoutError:
        return f"the database does not answer within {PING_TIMEOUT.total_seconds():g} s"
    except DatabaseUnavailable:
        return "the database cannot be reached"
    if missing:
        return f"the database lacks migrations, run `matchday migrate`: {', '.join(missing)}"
    return None
