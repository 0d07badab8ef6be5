"""SIGSTOP of a worker for longer than its heartbeat allows, then SIGCONT: a frozen virtual machine."""

import time

from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

# Longer than the slowest rescue; the jobs would end in the freeze, and linger a little after it.
FROZEN_SECONDS = 25.0
JOB = Params(seconds=4, linger=1.5)


def worker_alone(form: Form) -> Verdict:
    """The worker stands still and its child runs on: one result, one effect, nothing late is accepted."""
    return _freeze(form, family=False)


def whole_group(form: Form) -> Verdict:
    """Worker, heartbeat and child stand still: jobs run elsewhere; late ends, effects, progress refused."""
    return _freeze(form, family=True)


def _freeze(form: Form, *, family: bool) -> Verdict:
    seconds = form.pick(FROZEN_SECONDS, 60.0)
    with stage() as place:
        frozen = place.worker(concurrency=4)
        ids = place.submit(LoopHandler, JOB, JOB) + place.submit(ProcessHandler, JOB, JOB)
        for job_id in ids:
            place.wait_for("begin", job_id)
        place.worker(concurrency=8)
        at = frozen.freeze(family=family)
        pause(max(0.0, at + seconds - time.monotonic()))
        frozen.thaw()
        (after,) = place.submit(LoopHandler)
        place.settle()
        _let_late_words_come(place, ids)
        again = [event.at - at for job_id in ids if (event := place.journal.find("begin", job_id, 2))]
        late = _late_progress(place)
        refused = place.journal.count("refused")
        promise = (
            "SIGSTOP of a worker's group, then SIGCONT" if family else "SIGSTOP of a worker, then SIGCONT"
        )
        return place.judge(
            f"{promise}: one result, late ends, effects and progress refused",
            f"{len(again)} of {len(ids)} run again elsewhere"
            + (f" after max {max(again):.1f} s" if again else "")
            + f", {refused} late effects refused, {len(late)} late progress accepted",
            len(ids),
            kept=not late
            and (len(again) == len(ids) or not family)
            and place.journal.find("end", after) is not None,
        )


def _let_late_words_come(place: Stage, ids: list[int]) -> None:
    """Until each first attempt has ended, or its process has."""
    pause(JOB.linger + 1.0)
    for job_id in ids:
        began = place.wait_for("begin", job_id, 1)
        if began.pid not in place.deaths():
            place.wait_for("end", job_id, 1)


def _late_progress(place: Stage) -> list[int]:
    """Lost attempts whose row took their last word after the next attempt had begun."""
    rows = place.rows(
        "select job_id from job_runs r where outcome = 'lost' and message like 'late%%'"
        " and exists (select from job_runs n where n.job_id = r.job_id and n.attempt > r.attempt)"
    )
    return [row[0] for row in rows]
