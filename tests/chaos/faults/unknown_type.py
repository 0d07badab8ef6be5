"""A job type that no worker knows, as in the middle of a deploy."""

from tests.chaos.handlers import LoopHandler, Params
from tests.chaos.patience import pause, until
from tests.chaos.stage import Stage, stage
from tests.chaos.unknown_handlers import UnknownHandler
from tests.chaos.verdict import Form, Verdict

MODULE = "tests.chaos.unknown_handlers"


def run(form: Form) -> Verdict:
    """It waits and goes back with a delay, is not failed, and runs once a worker knows it; others go on."""
    with stage() as place:
        old = place.worker(concurrency=4)
        ids = place.submit(UnknownHandler, *[Params()] * 3)
        others = place.submit(LoopHandler, *[Params()] * 20)
        until("the other jobs have ended", 30, lambda: _all(place, others, "completed"))
        looks = form.pick(2, 10)
        statuses = set()
        for _ in range(looks):
            pause(1)
            statuses |= {row[0] for row in place.rows("select status from job_queue where id = any(%s)", ids)}
        tries = len([line for line in old.said() if line.get("job_id") in ids])
        seen = "/".join(sorted(statuses))
        ((shown,),) = place.rows("select message from job_queue where id = %s", ids[0])
        place.worker("--handlers", MODULE, concurrency=4)
        old.stop()
        place.settle()
        return place.judge(
            "a job type no worker knows: goes back with a delay, not failed, runs once a worker knows it",
            f"{seen} for {looks} s, {tries / len(ids):.0f} tries a job, shown as {shown!r}",
            len(ids),
            kept=statuses <= {"pending", "running"} and tries <= len(ids) * (1 + looks / 5),
        )


def _all(place: Stage, ids: list[int], status: str) -> bool:
    return bool(
        place.rows("select count(*) from job_queue where id = any(%s) and status = %s", ids, status)
        == [(len(ids),)]
    )
