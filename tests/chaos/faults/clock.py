"""The clocks of two workers are an hour wrong, one ahead and one behind: the database's decides."""

from pathlib import Path

from tests.chaos.handlers import LoopHandler, Params, ProcessHandler, SecondTimeHandler
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Skipped, Verdict

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
SECONDS_WRONG = 1.0
RETRY_SECONDS = SecondTimeHandler.retry.wait.total_seconds()
SHORTEST_RETRY = RETRY_SECONDS * (1 - SecondTimeHandler.retry.jitter)
LATE_SECONDS = 3.0
WRONG_CLOCKS = ("+3600", "-3600")


def run(form: Form) -> Verdict:
    """No early rescue, true durations, retries due at the database's time."""
    if not LIBRARIES:
        raise Skipped("libfaketime is not installed (Debian package faketime)")
    rounds = form.pick(1, 5)
    with stage() as place:
        for offset in WRONG_CLOCKS:
            place.worker(concurrency=4, environment=_wrong_clock(offset))
        place.worker(concurrency=4)
        waits = []
        for _ in range(rounds):
            place.submit(LoopHandler, *[Params(seconds=2)] * 3)
            place.submit(ProcessHandler, *[Params(seconds=2)] * 3)
            again = place.submit(SecondTimeHandler, *[Params()] * 6)
            waits += [_wait_between(place, job_id) for job_id in again]
            place.settle()
        rescues = place.rows("select count(*) from job_runs where outcome = 'lost'")[0][0]
        wrong = _largest_error(place)
        return place.judge(
            "two clocks wrong by +-1 h: no early rescue, true durations, retries due by the database",
            f"{rescues} rescues, durations wrong by max {wrong:.2f} s, retries of {RETRY_SECONDS:g} s after"
            f" {min(waits):.1f} to {max(waits):.1f} s",
            len(waits),
            kept=rescues == 0
            and wrong < SECONDS_WRONG
            and min(waits) >= SHORTEST_RETRY - 0.1
            and max(waits) <= RETRY_SECONDS + LATE_SECONDS,
        )


def _wrong_clock(offset: str) -> dict[str, str]:
    # The kernel's monotonic clock stays right, as it does on a machine whose wall clock is wrong.
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME": offset,
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _wait_between(place: Stage, job_id: int) -> float:
    second = place.wait_for("begin", job_id, 2)
    return second.at - place.wait_for("end", job_id, 1).at


def _largest_error(place: Stage) -> float:
    """Between the durations in job_runs and those that the handlers saw, in seconds."""
    told = {
        (job_id, attempt): float(seconds)
        for job_id, attempt, seconds in place.rows(
            "select job_id, attempt, extract(epoch from finished_at - started_at) from job_runs"
        )
    }
    begun = {(e.job_id, e.attempt): e.at for e in place.journal.events() if e.what == "begin"}
    ended = {(e.job_id, e.attempt): e.at for e in place.journal.events() if e.what == "end"}
    return max(abs(told[run] - (ended[run] - begun[run])) for run in ended)
