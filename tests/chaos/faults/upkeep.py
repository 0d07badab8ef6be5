"""What a platform does beside the jobs, at once: clean-ups, a migration, a schedule's tick."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from jobs import schedules, service
from store.database import Database
from store.schedules import NewSchedule
from tests.chaos.handlers import LoopHandler
from tests.chaos.load import Mix
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict
from tests.chaos.worker import ROOT

Work = Callable[[Database], Coroutine[Any, Any, None]]
EVERY_SECOND = NewSchedule("chaos", LoopHandler.job_type, every=timedelta(seconds=1))
# Every time of the schedule gave one job, whoever of the many acted on it.
TICKS = """
select count(*), count(distinct job_id), count(*) filter (where outcome <> 'enqueued'),
       extract(epoch from max(tick_at) - min(tick_at))::int + 1 from schedule_ticks
"""


def run(form: Form) -> Verdict:
    """Two clean-ups, a migration and a schedule's tick at once, under load: nothing lost, no error."""
    seconds = form.pick(2.0, 30.0)
    trouble: list[str] = []
    done = {"clean-ups": 0, "looks at the schedule": 0, "migrations": 0}
    with stage() as place:
        asyncio.run(_add_schedule(place.url))
        place.workers_at_once(2, concurrency=10)
        with place.load(mix=Mix(per_second=80, longest_seconds=0.1)) as load, _beside(place, done, trouble):
            pause(1)
            for _ in range(form.pick(1, 5)):
                trouble += _migrate_anew(place)
                done["migrations"] += 1
                pause(seconds / form.pick(1, 5))
        ((ticks, added, others, seconds_long),) = place.rows(TICKS)
        place.expect([*load.accepted, *(row[0] for row in place.rows("select job_id from schedule_ticks"))])
        place.settle()
        for worker in place.workers:
            trouble += [str(line["event"]) for line in worker.said("error") if line["event"] != "job_failed"]
        counted = ", ".join(f"{count} {what}" for what, count in done.items())
        return place.judge(
            "two clean-ups, migrations and ticks at once under 80 jobs/s: no error, no active job deleted,"
            " one job for each tick",
            f"{counted}; {added} jobs for {ticks} ticks in {seconds_long} s;"
            f" {trouble[0] if trouble else 'no error'}",
            sum(done.values()),
            kept=not trouble and 0 < added == ticks and not others,
            cleaned=True,
        )


@contextmanager
def _beside(place: Stage, done: dict[str, int], trouble: list[str]) -> Iterator[None]:
    ending = threading.Event()
    works: list[tuple[str, Work]] = [("clean-ups", _clean), ("looks at the schedule", _tick)] * 2

    def repeat(what: str, work: Work) -> None:
        try:
            asyncio.run(_repeat(place.url, ending, work, lambda: done.update({what: done[what] + 1})))
        except Exception as error:  # noqa: BLE001 - told as what it is
            trouble.append(f"{what}: {error!r}")

    threads = [threading.Thread(target=repeat, args=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


async def _repeat(url: str, ending: threading.Event, work: Work, count: Callable[[], None]) -> None:
    database = Database(url, process="chaos upkeep", pool_size=1)
    while not ending.is_set():
        await work(database)
        count()
        await asyncio.sleep(0.02)
    await database.close()


async def _clean(database: Database) -> None:
    async with database.transaction() as conn:
        await service.delete_finished(conn, service.KeptFor.all_alike(timedelta(seconds=1)))


async def _add_schedule(url: str) -> None:
    database = Database(url, process="chaos upkeep", pool_size=1)
    async with database.transaction() as conn:
        await schedules.create(conn, EVERY_SECOND)
    await database.close()


async def _tick(database: Database) -> None:
    async with database.transaction() as conn:
        await schedules.tick(conn)


def _migrate_anew(place: Stage) -> list[str]:
    """Two processes migrate at once, functions and views made anew as by a new release."""
    place.rows("delete from schema_migrations where version = 0")
    command = [sys.executable, "-m", "cli.main", "migrate"]
    environment = {**place.environment, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    said = [process.communicate()[0].decode().strip() for process in started]
    return [text for process, text in zip(started, said, strict=True) if process.returncode]
