"""Child processes that live and die together: if one ends, all end; none outlives us, even killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.failures import CommandFailed
from cli.stopping import Stopping
from cli.terminal import plain
from store.embedded_processes import die_with_us

LOOK_SECONDS = 0.05
TAIL_LINES = 8
TAIL_BYTES = 16_000


class ProcessEnded(CommandFailed):
    """A process that should run on has ended."""


@dataclass(frozen=True)
class Child:
    """A process that must run on; `process` is None where somebody else will stop it."""

    name: str
    pid: int
    log: Path | None
    process: subprocess.Popen[bytes] | None = None
    grace_seconds: float = 0

    def has_ended(self) -> bool:
        """Asks the kernel and leaves the status to whoever waits for the process."""
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True

    def obituary(self) -> str:
        told = f"{self.name} has ended"
        if self.process and self.process.poll() is not None:
            told = f"{self.name} has ended with {_exit_status(self.process.returncode)}"
        last = _last_lines(self.log) if self.log else []
        return "\n  ".join([f"{told}; its log ends with:" if last else told, *last])


class Children:
    """Starts processes and stops them in the opposite order. Use it from the main thread only."""

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path | None,
        grace_seconds: float,
        keep_open: Sequence[int] = (),
    ) -> Child:
        """Runs the command in a session of its own; without a log its output goes to standard error."""
        output = log.open("ab") if log else None
        try:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr.fileno(),
                stderr=output or sys.stderr.fileno(),
                pass_fds=keep_open,
                start_new_session=True,
                preexec_fn=die_with_us(signal.SIGKILL),
            )
        finally:
            if output:
                output.close()
        child = Child(name, process.pid, log, process, grace_seconds)
        self._children.append(child)
        return child

    def watch(self, name: str, pid: int | None, log: Path) -> None:
        """One more process of ours that must run on, though it is stopped elsewhere."""
        if pid is not None:
            self._children.append(Child(name, pid, log))

    def check(self) -> None:
        """Raises ProcessEnded if one of them no longer runs."""
        for child in self._children:
            if child.has_ended():
                raise ProcessEnded(child.obituary())

    def wait(self) -> None:
        """Until one of them ends (ProcessEnded) or we are told to stop (ToldToStop)."""
        while True:
            self.check()
            time.sleep(LOOK_SECONDS * 4)

    def stop(self) -> None:
        """SIGTERM and a grace, then SIGKILL to the whole session; at once when asked a second time."""
        self._stopping.begin()
        while self._children:
            child = self._children.pop()
            if child.process:
                self._stop(child.process, child.grace_seconds)

    def _stop(self, process: subprocess.Popen[bytes], grace_seconds: float) -> None:
        process.terminate()
        deadline = time.monotonic() + grace_seconds
        while process.poll() is None:
            if self._stopping.is_urgent or time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return
            time.sleep(LOOK_SECONDS)


def _exit_status(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _last_lines(log: Path) -> list[str]:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return [plain(line) for line in file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]]
    return []
