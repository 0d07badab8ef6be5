"""Children end together, in order, and never outlive their parent."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.processes import LONGEST_WAIT, end, start, wait_until
from tests.engine.worker import survivors

Family = Callable[..., subprocess.Popen[str]]
LONG_GRACE = 600


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def family(tmp_path: Path, log: Path) -> Iterator[Family]:
    """Starts parents with children, and waits until every child is up."""
    started: list[subprocess.Popen[str]] = []

    def start_family(*kinds: str, grace_seconds: float = LONG_GRACE) -> subprocess.Popen[str]:
        parent = start("tests.cli.family", str(tmp_path), str(grace_seconds), *kinds)
        started.append(parent)
        if "dying" not in kinds:
            wait_until(lambda: log.exists() and log.read_text().count("up") == len(kinds), parent)
        return parent

    yield start_family
    for parent in started:
        parent.kill()
        with parent:
            parent.wait(LONGEST_WAIT)


def children_of(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(parent.pid).children(recursive=True)


NOHUP = pytest.mark.skipif(
    signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="started with nohup: children ignore SIGHUP too"
)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), pytest.param(signal.SIGHUP, 129, marks=NOHUP)],
)
def test_a_signal_ends_the_last_started_first(family: Family, log: Path, number: int, code: int) -> None:
    parent = family("calm", "calm", "calm")
    children = children_of(parent)
    parent.send_signal(number)
    assert parent.wait(LONGEST_WAIT) == code
    assert [line for line in log.read_text().splitlines() if line != "up"] == [
        "calm 2 ended",
        "calm 1 ended",
        "calm 0 ended",
    ]
    assert survivors(children, seconds=0) == []


def test_a_child_that_does_not_end_is_killed_after_its_grace(family: Family) -> None:
    parent = family("calm", "stubborn", grace_seconds=0.2)
    children = children_of(parent)
    assert end(parent) == 143
    assert survivors(children, seconds=0) == []


def test_a_second_signal_does_not_wait_for_the_grace(family: Family, log: Path) -> None:
    parent = family("stubborn")
    parent.send_signal(signal.SIGINT)
    wait_until(lambda: "asked to end" in log.read_text(), parent)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(LONGEST_WAIT) == 130


def test_one_that_ends_takes_the_others_along(family: Family, log: Path) -> None:
    parent = family("calm", "dying")
    told, _ = parent.communicate(timeout=LONGEST_WAIT)
    assert parent.returncode == 1
    assert told.startswith("dying has ended with exit code 7; its log ends with:\n")
    assert "the reason" in told
    assert "calm 0 ended" in log.read_text()


def test_nothing_outlives_a_killed_parent(family: Family) -> None:
    parent = family("calm", "stubborn")
    children = children_of(parent)
    parent.kill()
    assert len(children) == 2
    assert survivors(children, seconds=10) == []
