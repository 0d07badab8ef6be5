"""The network between a worker and the server is cut without a word, and restored."""

import time
from collections.abc import Callable

from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.network import SETTINGS, WORKER, Network, let_in, network, url_from_there
from tests.chaos.patience import pause, until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

# Longer than the slowest rescue.
CUT_SECONDS = 30.0
HEALED_SECONDS = 10.0
SESSIONS_SECONDS = 60.0


def both_ways(form: Form) -> Verdict:
    """As a freeze: jobs run elsewhere, late words are refused; the first job is taken < 10 s after healing."""
    return _partition(form.pick(CUT_SECONDS, 75.0), "cut both ways", Network.cut)


def replies_only(form: Form) -> Verdict:
    """Only the server's replies are lost: as a cut both ways."""
    return _partition(form.pick(CUT_SECONDS, 60.0), "replies lost", Network.cut_replies)


def _partition(seconds: float, what: str, cut: Callable[[Network], None]) -> Verdict:
    with network() as line, stage(SETTINGS) as place:
        let_in(place.server)
        far = place.worker(
            concurrency=4, prefix=line.prefix, environment={"DATABASE_URL": url_from_there(place.url)}
        )
        ids = place.submit(LoopHandler, *[Params(seconds=5, linger=1)] * 2)
        ids += place.submit(ProcessHandler, *[Params(seconds=5, linger=1)] * 2)
        for job_id in ids:
            place.wait_for("begin", job_id)
        place.worker(concurrency=8)
        cut_at = time.monotonic()
        cut(line)
        gone_after = _sessions_gone(place, cut_at)
        pause(max(0.0, cut_at + seconds - time.monotonic()))
        again = [e.at - cut_at for job_id in ids if (e := place.journal.find("begin", job_id, 2))]
        place.settle()
        for near in place.workers[1:]:
            near.stop()
        healed_at = time.monotonic()
        line.heal()
        (after,) = place.submit(LoopHandler)
        taken_after = place.wait_for("begin", after, seconds=90).at - healed_at
        place.settle()
        alive = far.is_alive()
        return place.judge(
            f"network {what} for {seconds:g} s: jobs run elsewhere, one result, first job < 10 s after healing",
            f"{len(again)} of {len(ids)} again after max {max(again, default=0):.1f} s, first job after"
            f" {taken_after:.1f} s, server's sessions gone after {gone_after:.0f} s",
            len(ids),
            kept=alive
            and taken_after < HEALED_SECONDS
            and gone_after < SESSIONS_SECONDS
            and len(again) == len(ids),
        )


def _sessions_gone(place: Stage, cut_at: float) -> float:
    """When the server had let go of the worker's connections, waiting as long as the promise."""
    count = "select count(*) from pg_stat_activity where client_addr = %s::inet"
    until(
        "the server has let go of a cut worker's connections",
        SESSIONS_SECONDS * 1.5,
        lambda: place.rows(count, WORKER) == [(0,)],
    )
    return time.monotonic() - cut_at
