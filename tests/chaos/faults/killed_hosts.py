"""The death of a whole host: the worker and all it started are gone without a word."""

import random
import time

from tests.chaos.faults.rescue import Rescue, describe
from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict, p95

RESCUE_SECONDS = 20.0
ALL_SECONDS = 60.0
PATIENCE = 90.0
JOB_SECONDS = 4.0


def one_of_several(form: Form) -> Verdict:
    """A worker's whole process group is killed: its job runs again elsewhere within 20 s (p95)."""
    moments = random.Random(form.seed)  # noqa: S311 - moments, no secret
    rounds, at_once = form.pick((1, 1), (4, 5))
    with stage() as place:
        seconds = [
            again for _ in range(rounds) for again in _kill_together(place, at_once, moments.uniform(0, 0.5))
        ]
        place.settle()
        return place.judge(
            "kill -9 of a worker's whole group: the job runs again within 20 s (p95)",
            f"again {describe(seconds)}",
            len(seconds),
            kept=p95(seconds) <= RESCUE_SECONDS,
        )


def all_at_once(form: Form) -> Verdict:
    """Every worker is killed with its group: all jobs run again within 60 s of a new one's start."""
    with stage() as place:
        workers = place.workers_at_once(form.pick(2, 4), concurrency=3)
        ids = place.submit(LoopHandler, *[Params(seconds=3)] * 2 * len(workers))
        ids += place.submit(ProcessHandler, *[Params(seconds=3)] * len(workers))
        began = [place.wait_for("begin", job_id) for job_id in ids]
        waiting = place.submit(LoopHandler, *[Params()] * 50)
        for worker in workers:
            worker.kill_family()
        started_at = time.monotonic()
        place.worker(concurrency=20)
        again = [Rescue.of(place, event, started_at, PATIENCE).seconds for event in began]
        place.settle()
        return place.judge(
            "every worker and its group killed: all jobs run again within 60 s of a new worker's start",
            f"last again after {max(again):.1f} s, {len(waiting)} waiting jobs kept",
            len(again),
            kept=max(again) <= ALL_SECONDS,
        )


def _kill_together(place: Stage, count: int, moment: float) -> list[float]:
    """So many workers with one job each are killed while another has room for all of them."""
    victims = place.workers_at_once(count, concurrency=1)
    ids = place.submit(ProcessHandler, *[Params(seconds=JOB_SECONDS)] * count)
    began = [place.wait_for("begin", job_id) for job_id in ids]
    healthy = place.worker(concurrency=count)
    pause(moment)
    killed_at = {event.job_id: place.worker_of(event).kill_family() for event in began}
    again = [Rescue.of(place, event, killed_at[event.job_id], PATIENCE).seconds for event in began]
    place.settle()
    healthy.stop()
    for victim in victims:
        victim.clear_away()
    return again
