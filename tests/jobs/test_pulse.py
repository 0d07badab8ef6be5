"""The pulse ends a worker that is blocked and must not go on, and no other."""

import os
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from jobs.pulse import LOOK_SECONDS, Watch
from jobs.vitals import Vitals


@pytest.fixture
def worker() -> Iterator[psutil.Process]:
    """Some process: the pulse only asks whether it is stopped."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


class Looks:
    """A watch that looks as often as the pulse does, on a clock of its own."""

    def __init__(self, worker: psutil.Process) -> None:
        self.vitals, self.now = Vitals(), 1_000.0
        self.vitals["ticked_at"] = self.vitals["beaten_at"] = self.now
        self._watch = Watch(self.vitals, worker, self.now)

    def for_seconds(self, seconds: float) -> bool:
        """Whether the worker must be ended within so many seconds in which it does not tick."""
        until = self.now + seconds
        while self.now < until:
            self.now += LOOK_SECONDS
            if self._watch.must_end(self.now):
                return True
        return False


def test_a_worker_that_is_blocked_while_it_is_alone_is_ended_before_others_take_its_jobs(
    worker: psutil.Process,
) -> None:
    looks = Looks(worker)
    looks.vitals["may_block_until"] = looks.now + 300
    assert not looks.for_seconds(12)
    assert looks.for_seconds(2)


def test_a_worker_that_is_blocked_past_its_deadline_is_ended(worker: psutil.Process) -> None:
    looks = Looks(worker)
    looks.vitals["may_block_until"] = looks.now + 8
    looks.vitals["beaten_at"] = looks.now + 100
    assert not looks.for_seconds(8)
    assert looks.for_seconds(1)


def test_a_worker_that_ticks_lives_however_alone_it_is(worker: psutil.Process) -> None:
    looks = Looks(worker)
    for _ in range(100):
        looks.vitals["ticked_at"] = looks.now
        assert not looks.for_seconds(1)


def test_a_thawed_worker_has_its_chance_to_tick(worker: psutil.Process) -> None:
    looks = Looks(worker)
    worker.suspend()
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
    assert not looks.for_seconds(60)
    worker.resume()
    assert not looks.for_seconds(4)
    looks.vitals["ticked_at"] = looks.now
    assert not looks.for_seconds(4)


def test_a_worker_that_was_thawed_with_its_pulse_has_its_chance_too(worker: psutil.Process) -> None:
    looks = Looks(worker)
    looks.now += 60
    assert not looks.for_seconds(4)
    assert looks.for_seconds(2)
