"""A job that takes something down with it at every attempt."""

import asyncio

from config.settings import Settings
from health.checks import Reading, Subject, jobs_lost
from store.database import Database
from tests.chaos.handlers import LoopHandler, Params, PoisonHandler, WorkerKillerHandler
from tests.chaos.patience import TookTooLong, until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

MOST_STARTS = 3
WORKERS = 3
FAILED = frozenset({"failed"})
PATIENCE = 120.0


def kills_its_child(form: Form) -> Verdict:
    """It ends failed after its attempts, the worker lives, other jobs go on."""
    rounds = form.pick(1, 5)
    with stage() as place:
        worker = place.worker(concurrency=10)
        with place.load() as load:
            poison = place.submit(PoisonHandler, *[Params()] * rounds, expected=FAILED)
            until("the poison is failed", PATIENCE, lambda: _ended(place, poison))
        place.expect(load.accepted)
        place.settle()
        starts = [_starts(place, job_id) for job_id in poison]
        alive = worker.is_alive()
        others = f"{len(load.accepted)} other jobs, worker {'alive' if alive else 'dead'}"
        return place.judge(
            "a job that kills its own process each time: failed after 3 starts, others go on",
            f"{max(starts)} starts at most, {others}",
            rounds,
            kept=set(starts) == {MOST_STARTS} and alive,
        )


def kills_its_worker(form: Form) -> Verdict:
    """It ends failed after at most three starts; never is more than one worker down, and health says so."""
    rounds = form.pick(1, 2)
    with stage() as place:
        place.workers_at_once(WORKERS, concurrency=10)
        starts, most_down = [], 0
        for _ in range(rounds):
            others = place.submit(LoopHandler, *[Params(seconds=0.2)] * 100)
            (poison,) = place.submit(WorkerKillerHandler, expected=FAILED)
            most_down = max(most_down, _keep_workers_until_ended(place, [poison, *others]))
            starts.append(_starts(place, poison))
        told, replaced = asyncio.run(_lost_jobs(place)), len(place.workers) - WORKERS
        is_told = (told.status, told.value) == ("warn", rounds)
        return place.judge(
            f"a job that kills its worker each time, {WORKERS} workers: failed after at most 3 starts,"
            " others go on, never two workers down, jobs:lost warns",
            f"{max(starts)} starts at most, {replaced} workers replaced, {most_down} down at once,"
            f" jobs:lost {told.status} with {told.value}",
            rounds,
            kept=max(starts) <= MOST_STARTS and most_down <= 1 and is_told,
        )


def _keep_workers_until_ended(place: Stage, ids: list[int]) -> int:
    """Replaces those that die; gives how many were down at once."""
    down = [0]

    def look() -> bool:
        dead = WORKERS - sum(worker.is_alive() for worker in place.workers)
        down.append(dead)
        if len(place.workers) > WORKERS + 2 * MOST_STARTS * 5:
            raise TookTooLong("a poison job killed worker after worker without end")
        for _ in range(dead):
            place.worker(concurrency=10, ready=False)
        return _ended(place, ids)

    until("the poison and the jobs beside it have ended", PATIENCE, look)
    return max(down)


async def _lost_jobs(place: Stage) -> Reading:
    database = Database(place.url, process="chaos health", pool_size=1)
    try:
        return await jobs_lost(Subject(database, place.folder, Settings(_env_file=None)))
    finally:
        await database.close()


def _ended(place: Stage, ids: list[int]) -> bool:
    active = "select count(*) from job_queue where id = any(%s) and status in ('pending', 'running')"
    return bool(place.rows(active, ids) == [(0,)])


def _starts(place: Stage, job_id: int) -> int:
    return sum((event.what, event.job_id) == ("begin", job_id) for event in place.journal.events())
