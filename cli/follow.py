"""Follows one job until it is finished: by its event stream, and by asking again where there is none."""

import time
from collections.abc import Callable, Iterator

from cli.answers import Job
from cli.client import Api
from cli.failures import OutOfReach

SECONDS_BETWEEN_LOOKS = 1.0
# A restart of the API takes less.
LONGEST_OUTAGE_SECONDS = 60.0


def follow(api: Api, job_id: int, tell: Callable[[str], None]) -> Iterator[Job]:
    """The job now and after each change. Survives restarts of the API; raises OutOfReach if it stays away."""
    job = api.job(job_id)
    yield job
    lost_at: float | None = None
    while not job.is_finished:
        try:
            for job in api.changes(job_id):
                yield job
            if job.is_finished:
                return
        except OutOfReach:
            pass  # whether the API is away or only has no stream for us, the next look will tell
        time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            job = api.job(job_id)
        except OutOfReach as outage:
            lost_at = _with_patience(outage, lost_at, tell)
        else:
            lost_at = None
            yield job


def poll(api: Api, job_id: int, *, seconds: float, check: Callable[[], None]) -> Iterator[Job]:
    """The job again and again until it is finished; `check` may raise in between."""
    while True:
        job = api.job(job_id)
        yield job
        if job.is_finished:
            return
        check()
        time.sleep(seconds)


def _with_patience(outage: OutOfReach, lost_at: float | None, tell: Callable[[str], None]) -> float:
    """Since when the API is away."""
    if lost_at is None:
        tell(f"{outage}; trying again")
        return time.monotonic()
    if time.monotonic() - lost_at > LONGEST_OUTAGE_SECONDS:
        raise outage
    return lost_at
