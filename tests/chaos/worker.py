"""One real worker process, and what can be done to it and its children."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from store.embedded_processes import die_with_us
from tests.chaos.patience import until
from tests.engine.worker import survivors

ROOT = Path(__file__).parents[2]
SECONDS_TO_START = 60
SECONDS_TO_END = 30


class Worker:
    """`python -m jobs.worker` in a session of its own, dying with us. Start it from the main thread."""

    def __init__(
        self, log: Path, environment: Mapping[str, str], options: Sequence[str], prefix: Sequence[str] = ()
    ) -> None:
        self.log, self.is_told, self.started_at = log, False, time.monotonic()
        self.freezes: list[tuple[int, float, float]] = []
        self._frozen: dict[int, float] = {}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "jobs.worker",
                    "--handlers",
                    "tests.chaos.handlers",
                    *options,
                ],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_us(signal.SIGKILL),
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_ready(self) -> None:
        """Until it says that it takes jobs."""
        until(f"worker {self.pid} takes jobs", SECONDS_TO_START, self._says_ready)

    def family(self) -> list[psutil.Process]:
        """The worker's descendants, then the worker."""
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.pid)
            return [*worker.children(recursive=True), worker]
        return []

    def runs(self, pid: int) -> bool:
        """Whether the process is the worker or one of its descendants."""
        return pid in {member.pid for member in self.family()}

    def signal(self, number: signal.Signals) -> float:
        """Sends it to the worker alone; gives the time."""
        at = time.monotonic()
        self.process.send_signal(number)
        return at

    def kill(self) -> float:
        """kill -9 of the worker alone; gives the time."""
        at = self.signal(signal.SIGKILL)
        self.process.wait()
        return at

    def kill_family(self) -> float:
        """The worker and all it started end at one moment without a last word, as with their host."""
        family = self.family()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            at = time.monotonic()
            _signal_all(family, number)
        self.process.wait()
        return at

    def freeze(self, *, family: bool) -> float:
        """SIGSTOP of the worker alone or with all its descendants; gives the time."""
        at = time.monotonic()
        members = self.family() if family else [psutil.Process(self.pid)]
        _signal_all(members, signal.SIGSTOP)
        self._frozen = {member.pid: at for member in members}
        return at

    def thaw(self) -> float:
        at = time.monotonic()
        for pid, since in self._frozen.items():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            self.freezes.append((pid, since, at))
        self._frozen = {}
        return at

    def stop(self) -> int:
        """Tells it to stop and waits; gives its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(SECONDS_TO_END)

    def clear_away(self) -> list[psutil.Process]:
        """Ends it at the end of a scenario; gives what it left running, killed now."""
        self.thaw()
        family = self.family()
        if self.is_alive():
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        left = survivors(family, seconds=5)
        _signal_all(left, signal.SIGKILL)
        return left

    def said(self, *levels: str) -> list[dict[str, Any]]:
        """Its log lines of these levels, all if none is named."""
        lines = []
        for line in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if not levels or entry.get("level") in levels:
                    lines.append(entry)
        return lines

    def _says_ready(self) -> bool:
        if not self.is_alive():
            last = self.log.read_text(errors="replace").splitlines()[-3:]
            raise RuntimeError(f"the worker ended with {self.process.returncode}: {' '.join(last)}")
        return b"worker_started" in self.log.read_bytes()


def _signal_all(members: Sequence[psutil.Process], number: signal.Signals) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(number)
