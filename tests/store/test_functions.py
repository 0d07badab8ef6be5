"""The SQL functions, as the planner sees them."""

import pytest
from sqlalchemy import text

from store.database import Database

pytestmark = pytest.mark.anyio


async def test_functions_that_forbid_plans_keep_theirs_and_never_compile_them(database: Database) -> None:
    """One that is taken all the same looks so costly that the server would compile it, for a second."""
    async with database.read() as conn:
        found = await conn.execute(text("select proname, proconfig from pg_proc where proconfig is not null"))
    settings = {name: config for name, config in found if any("enable_" in one for one in config)}
    assert "fetch_jobs" in settings
    for wanted in ("jit=off", "plan_cache_mode=force_generic_plan"):
        assert [name for name, config in settings.items() if wanted not in config] == []


async def test_jobs_of_tomorrow_are_not_walked_over(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into jobs_active (queue_name, task_name, status, scheduled_at, waits_for)"
                " select 'default', 'x', 'todo', now() + interval '1 day', 'time'"
                " from generate_series(1, 5000)"
            )
        )
    read = text("select idx_tup_fetch from pg_stat_xact_user_tables where relname = 'jobs_active'")
    async with database.read() as conn:
        before = (await conn.execute(read)).scalar_one() or 0
        seconds = (await conn.execute(text("select ready_due_jobs(60)"))).scalar_one()
        assert (await conn.execute(read)).scalar_one() - before < 10
    assert seconds == 60
