"""A worker is told to stop: SIGTERM with time enough, with too little, and a second time."""

import signal
import time

from tests.chaos.faults.rescue import Rescue, describe
from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict, p95
from tests.chaos.worker import Worker

GRACE = 5.0
EXIT_SECONDS = 2.0
RESCUE_SECONDS = 20.0


def within_the_grace(form: Form) -> Verdict:
    """Its jobs end, none runs again, exit 0, and it takes no job after the signal."""
    rounds = form.pick(1, 5)
    wrong: list[str] = []
    with stage() as place:
        for _ in range(rounds):
            worker = place.worker("--grace", "30", concurrency=4)
            ids = _begin(place, Params(seconds=3))
            told_at = worker.signal(signal.SIGTERM)
            late = place.submit(LoopHandler, *[Params()] * 5)
            code = worker.process.wait(40)
            taken = [e.at - told_at for job_id in late if (e := place.journal.find("begin", job_id))]
            wrong += [f"exit code {code}"] if code else []
            if max(taken, default=0) > 1:
                wrong.append(f"took a job {max(taken):.2f} s after the signal")
            wrong += _second_runs(place, ids)
            place.worker("--until-idle", ready=False).process.wait(60)
        place.settle()
        return place.judge(
            "SIGTERM with jobs shorter than the grace: they end, 0 runs again, exit 0, no job taken after",
            wrong[0] if wrong else "all ended at their first attempt, exit 0",
            rounds,
            kept=not wrong,
        )


def past_the_grace(form: Form) -> Verdict:
    """A job longer than the grace is handed back within the grace and 5 s, and no failure is counted."""
    rounds = form.pick(1, 3)
    seconds = []
    with stage() as place:
        for _ in range(rounds):
            worker = place.worker("--grace", "1", concurrency=4)
            ids = _begin(place, Params(seconds=6))
            place.worker(concurrency=4)
            told_at = worker.signal(signal.SIGTERM)
            seconds += [place.wait_for("begin", job_id, 2).at - told_at for job_id in ids]
            worker.process.wait(30)
            place.settle()
            place.workers[-1].stop()
        outcomes = place.rows("select distinct outcome from job_runs where attempt = 1")
        return place.judge(
            "SIGTERM with jobs longer than the grace: run elsewhere within grace + 5 s, no failure counted",
            f"again {describe(seconds)} at a grace of 1 s, first attempts are {outcomes[0][0]}",
            len(seconds),
            kept=max(seconds) <= 1 + 5 and outcomes == [("interrupted",)],
        )


def told_twice(form: Form) -> Verdict:
    """A second signal ends it within 2 s; its jobs are rescued as after a kill."""
    rounds = form.pick(1, 2)
    exits, again = [], []
    with stage() as place:
        for number in [signal.SIGTERM, signal.SIGINT] * rounds:
            worker = place.worker("--grace", "60", concurrency=4)
            began = [place.wait_for("begin", job_id) for job_id in _begin(place, Params(seconds=5))]
            place.worker(concurrency=4)
            worker.signal(signal.SIGTERM)
            _wait_until_stopping(worker)
            told_at = worker.signal(number)
            worker.process.wait(30)
            exits.append(time.monotonic() - told_at)
            again += [Rescue.of(place, event, told_at, 60).seconds for event in began]
            place.settle()
            place.workers[-1].stop()
        return place.judge(
            "a second SIGTERM or SIGINT: gone within 2 s, jobs rescued within 20 s (p95)",
            f"gone after max {max(exits):.2f} s, again {describe(again)}",
            len(exits),
            kept=max(exits) < EXIT_SECONDS and p95(again) <= RESCUE_SECONDS,
        )


def _begin(place: Stage, params: Params) -> list[int]:
    """One job in the loop and one in a process, both begun."""
    ids = place.submit(LoopHandler, params) + place.submit(ProcessHandler, params)
    for job_id in ids:
        place.wait_for("begin", job_id)
    return ids


def _wait_until_stopping(worker: Worker) -> None:
    while not any(line.get("event") == "worker_stopping" for line in worker.said()):
        pause(0.02)


def _second_runs(place: Stage, ids: list[int]) -> list[str]:
    ((count,),) = place.rows("select count(*) from job_runs where job_id = any(%s) and attempt > 1", ids)
    return [f"{count} jobs ran again"] if count else []
