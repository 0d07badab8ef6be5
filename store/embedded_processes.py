"""The embedded server as a process among others: it dies with its owner, and never harms a stranger."""

import contextlib
import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from store.embedded_binaries import EmbeddedUnavailable

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 30

libc = ctypes.CDLL(None, use_errno=True)


def end_orphan(data: Path) -> None:
    """Clears the pid file of a server that is gone. We hold the lock, so a server that lives has no owner.

    Only a `postgres` that works in our data folder is ever signalled: the pid may be a stranger's by now.
    """
    pid_file = data / "postmaster.pid"
    first_line = read_or_empty(pid_file).split("\n")[0]
    deadline = time.monotonic() + STOP_SECONDS
    while first_line.isdigit() and _is_server_of(int(first_line), data):
        if time.monotonic() > deadline:
            raise EmbeddedUnavailable(f"the server left behind with pid {first_line} does not stop")
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(first_line), signal.SIGINT)
        time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        name = (process / "comm").read_text().strip()
        return state != "Z" and name == "postgres" and (process / "cwd").readlink() == data
    except OSError:
        return False


def die_with_us(number: signal.Signals) -> Callable[[], None]:
    """For the child to run before its program: the kernel will signal it when our process ends."""
    owner = os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != owner:  # it ended before we could ask
            os._exit(1)

    return arrange


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_or_empty(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
