"""SIGSTOP of a worker for longer than its heartbeat allows, then SIGCONT: a frozen virtual machine."""

import time

from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

# Jobs end in the freeze or just after it; one in the middle of its transaction; a child may run on after all.
LINGER_SECONDS = 1.5
HOLDING = Params(hold=3)
JOBS = (Params(seconds=4), Params(seconds=4, linger=LINGER_SECONDS))


def worker_alone(form: Form) -> Verdict:
    """The worker stands still and its child runs on: one result, one effect, nothing late is accepted."""
    return _freeze(form, family=False)


def whole_group(form: Form) -> Verdict:
    """Worker, heartbeat and child stand still: jobs run elsewhere; late ends, effects, progress refused."""
    return _freeze(form, family=True)


def _freeze(form: Form, *, family: bool) -> Verdict:
    seconds = form.pick(19.0, 30.0)
    with stage() as place:
        frozen = place.worker(concurrency=8)
        child_seconds = form.pick(4.0, 25.0)
        ids = place.submit(LoopHandler, *JOBS, Params(mode="stubborn"))
        ids += place.submit(ProcessHandler, *JOBS, Params(seconds=child_seconds))
        (held,) = place.submit(LoopHandler, HOLDING)
        for job_id in ids:
            place.wait_for("begin", job_id)
        place.wait_for("holding", held)
        at = frozen.freeze(family=family)
        place.worker(concurrency=8)
        pause(max(0.0, at + seconds - time.monotonic()))
        frozen.thaw()
        place.settle()
        _let_late_words_come(place, [*ids, held])
        again = [event.at - at for job_id in ids if (event := place.journal.find("begin", job_id, 2))]
        late = _late_progress(place, ids)
        told = f"{len(again)} of {len(ids)} again after max {max(again, default=0):.1f} s"
        refused = f"{place.journal.count('refused')} late effects refused, {len(late)} late progress accepted"
        is_alive, fenced = frozen.is_alive(), place.journal.count("refused") > 0
        return place.judge(
            f"SIGSTOP of a worker{' and its group' if family else ''} for {seconds:g} s, then SIGCONT:"
            " one result, late ends, effects and progress refused",
            f"{told}, {refused}, thawed worker {'alive' if is_alive else 'ended'}",
            len(ids) + 1,
            kept=not late and fenced and is_alive and len(again) == len(ids),
        )


def _let_late_words_come(place: Stage, ids: list[int]) -> None:
    """Until each first attempt has ended, or its process has."""
    pause(LINGER_SECONDS + 1.0)
    for job_id in ids:
        began = place.wait_for("begin", job_id, 1)
        if began.pid not in place.deaths():
            place.wait_for("end", job_id, 1)


def _late_progress(place: Stage, ids: list[int]) -> list[int]:
    """Lost attempts whose row took their last word after the next attempt had begun."""
    rows = place.rows(
        "select job_id from job_runs r where outcome = 'lost' and message like 'late%%'"
        " and job_id = any(%s) and exists"
        " (select from job_runs n where n.job_id = r.job_id and n.attempt > r.attempt)",
        ids,
    )
    return [row[0] for row in rows]
