"""The registry is read from indexes."""

import pytest
from sqlalchemy import text

from store.database import Database
from store.queries import query_text
from store.workers import list_workers

pytestmark = pytest.mark.anyio
JOBS = """
    insert into procrastinate_jobs (queue_name, task_name, status, worker_id, started_at)
    select 'default', 'test_noop',
           (case when n % 100 = 0 then 'doing' else 'todo' end)::procrastinate_job_status,
           case when n % 100 = 0 then 1 + n / 100 % 20 end, now()
    from generate_series(1, 20000) n
"""


async def test_the_jobs_of_each_worker_are_read_from_an_index(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(
            text("insert into procrastinate_workers (name) select 'w' || n from generate_series(1, 20) n")
        )
        await conn.execute(text(JOBS))
        await conn.execute(text("analyze procrastinate_workers, jobs_active"))
        plan = await conn.scalars(text(f"explain {query_text('workers')}"), {"jobs": 100, "limit": 1_000})
        lines = "\n".join(plan)
        workers = await list_workers(conn)
    assert lines.count("jobs_active_worker") == 3
    assert "Seq Scan on jobs_active" not in lines
    assert [worker.running for worker in workers] == [10] * 20
    assert all(len(worker.job_ids) == len(set(worker.job_ids)) == 10 for worker in workers)
