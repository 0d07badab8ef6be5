"""A contestant's processes: short ones that answer in JSON, workers that run until they are stopped."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.contest.catalogue import Entry
from bench.contest.counter import FILE, SLOT
from store.embedded_processes import die_with_us

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 120
STOP_SECONDS = 15


class ContestantFailed(Exception):
    """A contestant's process did not do its part; the text has the end of what it said."""


@dataclass(frozen=True)
class Contestant:
    """Somebody who takes part: the interpreter that runs it, and what it says about itself."""

    entry: Entry
    python: Path
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def database(self) -> str:
        return "bench_" + self.name.replace("-", "_")

    def ask(self, command: str, dsn: str, **options: object) -> dict[str, Any]:
        """Runs a subcommand to its end. Raises ContestantFailed."""
        try:
            done = subprocess.run(  # noqa: S603 - our own commands
                self.command(command, dsn, **options),
                env=environment(),
                capture_output=True,
                text=True,
                timeout=ANSWER_SECONDS,
                preexec_fn=die_with_us(signal.SIGKILL),
            )
        except subprocess.TimeoutExpired:
            raise ContestantFailed(f"{self.name} {command}: not done in {ANSWER_SECONDS} s") from None
        if done.returncode != 0:
            raise ContestantFailed(f"{self.name} {command}: {_end_of(done.stderr)}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def command(self, command: str, dsn: str, **options: object) -> list[str]:
        given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        module = self.entry.module
        return [str(self.python), "-P", "-m", "bench.contest", module, command, "--dsn", dsn, *given]


@contextmanager
def workers(commands: Sequence[list[str]], counter: Path, **more: str) -> Iterator["Workers"]:
    """Starts a worker for each command, each with its slot of the counter; ends them, come what may."""
    crew = Workers()
    try:
        for slot, command in enumerate(commands):
            crew.start(
                command, counter.with_suffix(f".{slot}.log"), {FILE: str(counter), SLOT: str(slot), **more}
            )
        yield crew
    finally:
        crew.stop()


class Workers:
    def __init__(self) -> None:
        self._started: list[tuple[subprocess.Popen[bytes], Path]] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process, _ in self._started]

    def start(self, command: list[str], log: Path, more: dict[str, str]) -> None:
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env={**environment(), **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_us(signal.SIGKILL),
            )
        self._started.append((process, log))

    def check(self) -> None:
        """Raises ContestantFailed if one of them has ended by itself."""
        for process, log in self._started:
            if process.poll() is not None:
                raise ContestantFailed(
                    f"a worker ended with {process.returncode}: {_end_of(log.read_text(errors='replace'))}"
                )

    def stop(self) -> None:
        """SIGTERM and a grace; what is left of their sessions is killed."""
        for process, _ in self._started:
            process.terminate()
        for process, _ in self._started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "LOG_LEVEL": "WARNING"}


def _end_of(text: str) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-3:])[-400:]
