"""A job that takes something down with it at every attempt."""

from tests.chaos.handlers import LoopHandler, Params, PoisonHandler, WorkerKillerHandler
from tests.chaos.patience import TookTooLong, until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

MOST_STARTS = 3
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
    """It ends failed after at most three starts; the supervisor of processes starts workers again."""
    rounds = form.pick(1, 2)
    with stage() as place:
        place.worker(concurrency=10)
        starts = []
        for _ in range(rounds):
            others = place.submit(LoopHandler, *[Params(seconds=0.2)] * 20)
            (poison,) = place.submit(WorkerKillerHandler, expected=FAILED)
            _keep_one_worker_until_ended(place, [poison, *others])
            starts.append(_starts(place, poison))
        return place.judge(
            "a job that kills its worker each time: failed after at most 3 starts, others go on",
            f"{max(starts)} starts at most, {len(place.workers) - 1} workers replaced",
            rounds,
            kept=max(starts) <= MOST_STARTS,
        )


def _keep_one_worker_until_ended(place: Stage, ids: list[int]) -> None:
    def look() -> bool:
        if not place.workers[-1].is_alive():
            if len(place.workers) > 1 + 2 * MOST_STARTS * 5:
                raise TookTooLong("a poison job killed worker after worker without end")
            place.worker(concurrency=10, ready=False)
        return _ended(place, ids)

    until("the poison and the jobs beside it have ended", PATIENCE, look)


def _ended(place: Stage, ids: list[int]) -> bool:
    active = "select count(*) from job_queue where id = any(%s) and status in ('pending', 'running')"
    return bool(place.rows(active, ids) == [(0,)])


def _starts(place: Stage, job_id: int) -> int:
    return sum((event.what, event.job_id) == ("begin", job_id) for event in place.journal.events())
