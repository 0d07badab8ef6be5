"""A handler that blocks the worker's event loop for longer than any heartbeat may be late."""

from tests.chaos.handlers import BlockingHandler, LoopHandler, Params, ProcessHandler
from tests.chaos.stage import stage
from tests.chaos.verdict import Form, Verdict


def run(form: Form) -> Verdict:
    """No job of the blocked worker is taken from it: no attempt more than one."""
    seconds = form.pick(20, 40)
    with stage() as place:
        blocked = place.worker(concurrency=4)
        ids = place.submit(ProcessHandler, Params(seconds=seconds / 2))
        place.wait_for("begin", ids[0])
        ids += place.submit(BlockingHandler, Params(seconds=seconds))
        began = place.wait_for("begin", ids[1])
        place.worker(concurrency=4)
        place.submit(LoopHandler, *[Params(seconds=0.1)] * 20)
        place.settle(seconds + 30)
        false = place.rows("select count(*) from job_runs where attempt > 1 or outcome = 'lost'")[0][0]
        alive = blocked.is_alive() and began.pid == blocked.pid
        return place.judge(
            "a handler that blocks the event loop: 0 false rescues",
            f"blocked {seconds} s, {false} false rescues, worker {'alive' if alive else 'dead'}",
            1,
            kept=false == 0 and alive,
        )
