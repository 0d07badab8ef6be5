"""The server stops, is killed, is away, or ends connections, while jobs flow."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.api import Prober, api
from tests.chaos.patience import pause, until
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Verdict
from tests.chaos.worker import Worker

BACK_SECONDS = 10.0
CRASH_SECONDS = 15.0
WARM_UP_SECONDS = 1.0
SECONDS_A_LINE = 10.0
# Each part of a worker says once what it lost; the promise of few lines is for the time after that.
FIRST_LINES = 6


@dataclass(frozen=True)
class Outage:
    """How long the server was away, and how long after it was back a job began."""

    away_seconds: float
    begun_after: float


def restart_fast(form: Form) -> Verdict:
    """A fast restart under load: no worker dies, jobs begin within 10 s, the API says 503 and never 500."""
    return _restarts(form, "PostgreSQL restarted fast", _stop_fast, BACK_SECONDS)


def restart_immediate(form: Form) -> Verdict:
    """Killed under load: as a fast restart, within 15 s, and no accepted job is missing."""
    return _restarts(form, "PostgreSQL killed (-9), crash recovery", _stop_at_once, CRASH_SECONDS)


def away(form: Form) -> Verdict:
    """Away for a minute: workers wait, say little, and jobs begin within 10 s of its return."""
    seconds = form.pick(5.0, 60.0, 300.0)
    with stage() as place, api(place) as url, Prober(url) as prober:
        workers = place.workers_at_once(2, concurrency=10)
        with place.load() as load:
            pause(WARM_UP_SECONDS)
            outage = _outage(place, _stop_fast, seconds)
            pause(WARM_UP_SECONDS)
        place.expect(load.accepted)
        place.settle()
        alive = all(worker.is_alive() for worker in workers)
        lines = [_words_about_the_server(worker) for worker in workers]
        quiet = max(lines) <= FIRST_LINES + outage.away_seconds / SECONDS_A_LINE
        return place.judge(
            f"the server away for {seconds:g} s: workers wait, few log lines, jobs begin < 10 s after",
            f"begun after {outage.begun_after:.1f} s, {max(lines)} log lines a worker at most, {prober}",
            1,
            kept=alive and quiet and outage.begun_after < BACK_SECONDS and prober.is_clean,
        )


def connections_ended(form: Form) -> Verdict:
    """Connections are ended one by one under load: no worker dies, nothing is lost."""
    seconds = form.pick(2.0, 20.0)
    ended = 0
    with stage() as place:
        workers = place.workers_at_once(2, concurrency=10)
        with place.load() as load:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                ended += _end_one_connection(place)
                pause(0.05)
        place.expect(load.accepted)
        place.settle()
        alive = all(worker.is_alive() for worker in workers)
        return place.judge(
            "connections ended one by one under load: no worker dies, nothing lost",
            f"{ended} connections ended, {sum(worker.is_alive() for worker in workers)} of 2 workers alive",
            ended,
            kept=alive,
        )


def _words_about_the_server(worker: Worker) -> int:
    """Lines that are not about a job: each of those is told once."""
    return sum(not str(line["event"]).startswith("job_") for line in worker.said("warning", "error"))


def _restarts(form: Form, what: str, stop: Callable[[Stage], None], limit: float) -> Verdict:
    rounds = form.pick(1, 10)
    with stage() as place, api(place) as url, Prober(url) as prober:
        workers = place.workers_at_once(2, concurrency=10)
        with place.load() as load:
            outages = []
            for _ in range(rounds):
                pause(WARM_UP_SECONDS)
                outages.append(_outage(place, stop, 0))
            pause(WARM_UP_SECONDS)
        place.expect(load.accepted)
        place.settle()
        alive = all(worker.is_alive() for worker in workers)
        begun = [outage.begun_after for outage in outages]
        return place.judge(
            f"{what} under 50 jobs/s: no worker dies, jobs begin within {limit:g} s of its return",
            f"begun after max {max(begun):.1f} s, {load.refused} submits refused, {prober}",
            rounds,
            kept=alive and max(begun) <= limit and prober.is_clean,
        )


def _outage(place: Stage, stop: Callable[[Stage], None], seconds: float) -> Outage:
    gone_at = time.monotonic()
    stop(place)
    pause(seconds)
    place.server.start()
    back_at = time.monotonic()
    begun = until("a job begins", 120, lambda: _last_begin(place, back_at))
    return Outage(back_at - gone_at, begun - back_at)


def _last_begin(place: Stage, since: float) -> float | None:
    return next((e.at for e in place.journal.events() if e.what == "begin" and e.at > since), None)


def _stop_fast(place: Stage) -> None:
    place.server.stop()


def _stop_at_once(place: Stage) -> None:
    """As a crash: nothing is written, and the next start recovers from the log."""
    assert place.server.pid is not None
    os.kill(place.server.pid, signal.SIGKILL)
    place.server.stop()


def _end_one_connection(place: Stage) -> int:
    rows = place.rows(
        "select pg_terminate_backend(pid) from (select pid from pg_stat_activity"
        " where datname = current_database() and application_name ~ '^matchday (worker|job|pulse)'"
        " order by random() limit 1) one"
    )
    return len(rows)
