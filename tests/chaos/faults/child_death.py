"""The death of a handler's own process, by itself or by the kernel."""

import os
import signal

from tests.chaos.handlers import BadHandler, LoopHandler, Params
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

REASONS = {
    "killed": ("crash", "the process was killed by SIGKILL"),
    "exit": ("crash", "the process exited with code 7"),
    "segfault": ("crash", "the process was killed by SIGSEGV"),
    "memory": ("memory", "used more memory than its limit of 150 MB"),
}
FAILED = frozenset({"failed"})


def run(form: Form) -> Verdict:
    """The job fails with that reason, and the worker and its other jobs go on."""
    rounds = form.pick(1, 20)
    with stage() as place:
        worker = place.worker(concurrency=20)
        told = [reason for _ in range(rounds) for reason in _round(place)]
        place.settle()
        wrong = [reason for reason in told if reason]
        return place.judge(
            "kill -9 of a child, os._exit, segfault, out of memory: failed with the reason, worker lives",
            wrong[0]
            if wrong
            else f"{len(told)} reasons right, worker {'alive' if worker.is_alive() else 'dead'}",
            len(told),
            kept=not wrong and worker.is_alive(),
        )


def _round(place: Stage) -> list[str]:
    """What is wrong with each reason; empty texts where nothing is."""
    others = place.submit(LoopHandler, *[Params(seconds=0.5)] * 5)
    ids = {
        mode: place.submit(BadHandler, Params(mode=mode, seconds=30), expected=FAILED)[0] for mode in REASONS
    }
    os.kill(place.wait_for("begin", ids["killed"]).pid, signal.SIGKILL)
    place.settle()
    done = place.rows("select count(*) from job_queue where id = any(%s) and status = 'completed'", others)
    bad = [] if done == [(len(others),)] else ["other jobs of the worker did not complete"]
    return [_complaint(place, job_id, *REASONS[mode]) for mode, job_id in ids.items()] + bad


def _complaint(place: Stage, job_id: int, kind: str, error: str) -> str:
    ((status, kind_told, error_told),) = place.rows(
        "select status, error_kind, error from job_queue where id = %s", job_id
    )
    if (status, kind_told) == ("failed", kind) and error_told.startswith(error):
        return ""
    return f"job {job_id} is {status}, {kind_told}: {error_told}; meant: {error}"
