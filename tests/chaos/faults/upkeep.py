"""What a platform does beside the jobs, at once: clean-ups, a migration, a schedule's tick."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

from jobs import service
from store.database import Database
from tests.chaos.load import Mix
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict
from tests.chaos.worker import ROOT

HAS_SCHEDULES = find_spec("jobs.schedules") is not None


def run(form: Form) -> Verdict:
    """Two clean-ups, a migration and a schedule's tick at once, under load: nothing lost, no error."""
    seconds = form.pick(2.0, 30.0)
    trouble: list[str] = []
    done = {"clean-ups": 0, "ticks": 0, "migrations": 0}
    with stage() as place:
        place.workers_at_once(2, concurrency=10)
        with place.load(mix=Mix(per_second=80, longest_seconds=0.1)) as load, _beside(place, done, trouble):
            pause(1)
            for _ in range(form.pick(1, 5)):
                trouble += _migrate_anew(place)
                done["migrations"] += 1
                pause(seconds / form.pick(1, 5))
        place.expect(load.accepted)
        place.settle()
        for worker in place.workers:
            trouble += [str(line["event"]) for line in worker.said("error") if line["event"] != "job_failed"]
        counted = ", ".join(f"{count} {what}" for what, count in done.items())
        return place.judge(
            "two clean-ups, migrations and ticks at once under 80 jobs/s: no error, no active job deleted",
            f"{counted}; {trouble[0] if trouble else 'no error'}",
            sum(done.values()),
            kept=not trouble,
            cleaned=True,
        )


@contextmanager
def _beside(place: Stage, done: dict[str, int], trouble: list[str]) -> Iterator[None]:
    ending = threading.Event()
    works: list[tuple[str, Callable[[Database], object]]] = [("clean-ups", _clean), ("clean-ups", _clean)]
    if HAS_SCHEDULES:
        works += [("ticks", _tick), ("ticks", _tick)]

    def repeat(what: str, work: Callable[[Database], object]) -> None:
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


async def _repeat(
    url: str, ending: threading.Event, work: Callable[[Database], object], count: Callable[[], None]
) -> None:
    database = Database(url, process="chaos upkeep", pool_size=1)
    while not ending.is_set():
        await work(database)  # type: ignore[misc]
        count()
        await asyncio.sleep(0.02)
    await database.close()


async def _clean(database: Database) -> None:
    async with database.transaction() as conn:
        await service.delete_finished(conn, timedelta(seconds=1))


async def _tick(database: Database) -> None:
    schedules = import_module("jobs.schedules")
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
