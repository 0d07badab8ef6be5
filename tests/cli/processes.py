"""Our processes as tests start them, and how long they may take."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.client import Api
from cli.web import address_of, bound_socket

ROOT = Path(__file__).parents[2]
LONGEST_WAIT = 60


def start(*command: str, log: Path | None = None, **environment: str) -> subprocess.Popen[str]:
    """`python -m ...` in a session of its own, standard output as text, standard error to the log."""
    with open(log or os.devnull, "ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, "WORKER_PRELOAD": "", **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )


@contextmanager
def web(database_url: str, log: Path, port: int = 0) -> Iterator[str]:
    """`matchday api` on the database, ready; gives its address."""
    with bound_socket("127.0.0.1", port) as bound:
        url = address_of(bound)
    process = start("cli.main", "api", "--port", url.rpartition(":")[2], log=log, DATABASE_URL=database_url)
    try:
        with Api(url) as api:
            wait_until(lambda: api.why_not_ready() is None, process)
        yield url
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> int:
    process.terminate()
    with process:
        return process.wait(LONGEST_WAIT)


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Returns once it is so; fails when the process ends before, or time is up."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not is_so():
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < deadline, f"not so within {LONGEST_WAIT} s"
        time.sleep(0.05)
