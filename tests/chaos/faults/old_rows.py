"""Clean-ups at work on a long history, while jobs flow."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from config.settings import Settings
from jobs import service
from jobs.retention import ASKED_SHARE, BUSY_SHARE, Retention, rest_after
from store.database import Database
from tests.chaos.load import Mix
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict, p95

BATCH = 1_000
TIMES = 2.0
# Below this a difference is the machine's.
FLOOR_SECONDS = 0.005
KEPT = service.KeptFor.all_alike(timedelta(days=7))
FILL = """
with added as (
    insert into procrastinate_jobs
        (queue_name, task_name, args, status, attempts, worker_id, created_at, started_at, finished_at)
    select 'default', 'old', '{"params": {}, "meta": {}}', 'succeeded', 1, 1,
           now() - interval '30 days', now() - interval '30 days', now() - interval '30 days'
    from generate_series(1, %s)
    returning id
)
insert into job_runs (job_id, attempt, worker, started_at, finished_at, outcome, progress)
select id, 1, 'worker', now() - interval '30 days', now() - interval '30 days', 'completed', 1 from added
"""
WAITS = """
select extract(epoch from started_at - created_at)::float8 from job_queue
where job_type like 'chaos%%' and created_at >= %s and started_at is not null
"""


def run(form: Form) -> Verdict:
    """Two clean-ups and the retention at once on a long history, under load: jobs begin as soon as before."""
    rows, seconds = form.pick(20_000, 1_000_000), form.pick(3.0, 30.0)
    deleted: list[int] = []
    trouble: list[str] = []
    with stage() as place:
        place.rows(FILL, rows)
        for _ in range(2):
            place.worker(concurrency=10, environment={"RETENTION_COMPLETED_DAYS": "0"})
        with place.load(mix=Mix(per_second=50, processes=0, longest_seconds=0.1)) as load:
            pause(2)
            before = _p95_to_start(place, seconds)
            with _beside(place, deleted, trouble):
                during = _p95_to_start(place, seconds)
        place.expect(load.accepted)
        place.settle()
        return place.judge(
            f"two clean-ups and the retention at once on {rows:,} old jobs under 50 jobs/s: no error,"
            f" batches of {BATCH:,} at most, time from submit to start p95 < {TIMES:g} x",
            f"{sum(deleted):,} deleted in {len(deleted)} batches of at most {max(deleted, default=0):,},"
            f" p95 {before * 1000:.1f} ms before, {during * 1000:.1f} ms with them,"
            f" {trouble[0] if trouble else 'no error'}",
            len(load.accepted),
            kept=not trouble
            and 0 < max(deleted, default=0) <= BATCH
            and during < TIMES * max(before, FLOOR_SECONDS),
        )


def _p95_to_start(place: Stage, seconds: float) -> float:
    since: datetime = place.rows("select clock_timestamp()")[0][0]
    pause(seconds)
    return p95([row[0] for row in place.rows(WAITS, since)])


@contextmanager
def _beside(place: Stage, deleted: list[int], trouble: list[str]) -> Iterator[None]:
    """Two `matchday jobs cleanup`, one batch after the other, and what each worker does by itself."""
    ending = threading.Event()

    def repeat(work: Callable[[Database], Awaitable[int]], share: float) -> None:
        try:
            asyncio.run(_repeat(place.url, ending, work, share, deleted))
        except Exception as error:  # noqa: BLE001 - told as what it is
            trouble.append(repr(error))

    works = [(_clean, ASKED_SHARE), (_clean, ASKED_SHARE), (_retain, BUSY_SHARE)]
    threads = [threading.Thread(target=repeat, args=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


async def _repeat(
    url: str,
    ending: threading.Event,
    work: Callable[[Database], Awaitable[int]],
    share: float,
    deleted: list[int],
) -> None:
    database = Database(url, process="chaos clean-up", pool_size=1)
    while not ending.is_set():
        began = time.monotonic()
        if batch := await work(database):
            deleted.append(batch)
        await asyncio.sleep(rest_after(began, share))
    await database.close()


async def _clean(database: Database) -> int:
    async with database.transaction() as conn:
        return await service.delete_finished(conn, KEPT)


async def _retain(database: Database) -> int:
    return await Retention(database, Settings(_env_file=None)).delete_a_batch()
