"""kill -9 of a worker in the middle of a process job."""

import random

from tests.chaos.faults.rescue import Rescue, describe
from tests.chaos.handlers import Params, ProcessHandler
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict, p95

RESCUE_SECONDS = 20.0
CHILD_SECONDS = 2.0
PATIENCE = 60.0
JOB_SECONDS = 1.5


def run(form: Form) -> Verdict:
    """The job runs again elsewhere within 20 s (p95), its child dead before; attempt counted."""
    moments = random.Random(form.seed)  # noqa: S311 - moments, no secret
    rounds = form.pick(1, 20)
    with stage() as place:
        place.workers_at_once(2, concurrency=2)
        rescues = [_one(place, moments.uniform(0, JOB_SECONDS * 0.8)) for _ in range(rounds)]
        place.settle()
        again, child = [r.seconds for r in rescues], [r.child_seconds for r in rescues]
        kept = p95(again) <= RESCUE_SECONDS and max(child) <= CHILD_SECONDS and _counted(place)
        return place.judge(
            "kill -9 of a worker: child dies with it, job runs again within 20 s (p95), attempt counted",
            f"again {describe(again)}; child dead max {max(child):.2f} s",
            rounds,
            kept=kept,
        )


def _one(place: Stage, moment: float) -> Rescue:
    (job_id,) = place.submit(ProcessHandler, Params(seconds=JOB_SECONDS))
    began = place.wait_for("begin", job_id)
    pause(moment)
    killed_at = place.worker_of(began).kill()
    rescue = Rescue.of(place, began, killed_at, PATIENCE)
    place.worker(concurrency=2, ready=False)
    place.wait_for("end", job_id, rescue.attempt)
    return rescue


def _counted(place: Stage) -> bool:
    """Every job has two attempts: the killed one is kept as lost."""
    return place.rows(
        "select distinct outcomes from"
        " (select array_agg(outcome order by attempt) as outcomes from job_runs group by job_id) of_job"
    ) == [(["lost", "completed"],)]
