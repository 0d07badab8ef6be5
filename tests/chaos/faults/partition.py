"""The network between a worker and the server is cut without a word, and restored."""

import time
from collections.abc import Callable

from tests.chaos.handlers import LoopHandler, Params, ProcessHandler
from tests.chaos.network import SETTINGS, WORKER, Network, let_in, network, url_from_there
from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict

# Longer than the slowest rescue.
CUT_SECONDS = 30.0
HEALED_SECONDS = 10.0
SESSION_SECONDS = 60.0


def both_ways(form: Form) -> Verdict:
    """Jobs run elsewhere, late words are refused; the first job is taken < 10 s after healing."""
    return _partition(form.pick(CUT_SECONDS, 60.0, 600.0), "cut both ways", Network.cut)


def replies_only(form: Form) -> Verdict:
    """Only the server's replies are lost: as a cut both ways."""
    return _partition(form.pick(CUT_SECONDS, 45.0), "replies lost", Network.cut_replies)


def _partition(seconds: float, what: str, cut: Callable[[Network], None]) -> Verdict:
    with network() as line, stage(SETTINGS) as place:
        let_in(place.server)
        far = place.worker(
            concurrency=8, prefix=line.prefix, environment={"DATABASE_URL": url_from_there(place.url)}
        )
        ids = _begin_jobs(place)
        cut_at = time.monotonic()
        cut(line)
        near = place.worker(concurrency=8)
        sessions_gone = _last_until(cut_at + seconds, lambda: not _sessions(place))
        again = [e.at - cut_at for job_id in ids if (e := place.journal.find("begin", job_id, 2))]
        near.stop()
        healed_at = time.monotonic()
        line.heal()
        taken_after = _first_taken(place, healed_at)
        place.settle()
        alive = far.is_alive()
        told = f"{len(again)} of {len(ids)} again after max {max(again, default=0):.1f} s"
        gone = (
            f"gone after {sessions_gone - cut_at:.0f} s"
            if sessions_gone
            else f"{_sessions(place)} still there"
        )
        return place.judge(
            f"network {what} for {seconds:g} s: jobs run elsewhere, one result, a job < 10 s after healing",
            f"{told}, a job taken after {taken_after:.1f} s, worker {'alive' if alive else 'dead'},"
            f" its sessions on the server {gone}",
            len(ids),
            kept=alive
            and taken_after < HEALED_SECONDS
            and len(again) == len(ids)
            and sessions_gone is not None
            and sessions_gone - cut_at < SESSION_SECONDS,
        )


def _begin_jobs(place: Stage) -> list[int]:
    """Jobs in the loop, in processes, and one in the middle of its transaction; all begun."""
    ids = place.submit(LoopHandler, *[Params(seconds=5, linger=1)] * 2)
    ids += place.submit(ProcessHandler, *[Params(seconds=5, linger=1)] * 2)
    (held,) = place.submit(LoopHandler, Params(hold=4))
    for job_id in ids:
        place.wait_for("begin", job_id)
    place.wait_for("holding", held)
    return [*ids, held]


def _last_until(deadline: float, look: Callable[[], bool]) -> float | None:
    """Lets time pass to the deadline; gives when it was so first."""
    found = None
    while time.monotonic() < deadline:
        if found is None and look():
            found = time.monotonic()
        pause(0.2)
    return found


def _sessions(place: Stage) -> int:
    """Connections of the cut worker that the server still keeps."""
    ((count,),) = place.rows("select count(*) from pg_stat_activity where client_addr = %s::inet", WORKER)
    return int(count)


def _first_taken(place: Stage, healed_at: float) -> float:
    (after,) = place.submit(LoopHandler)
    return place.wait_for("begin", after, seconds=90).at - healed_at
