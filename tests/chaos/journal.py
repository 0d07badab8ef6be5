"""What the handlers themselves saw, one line an event, in a file: no fault of server or network reaches it.

Times are the kernel's monotonic clock: one for all processes, and no wrong wall clock touches it.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

PATH_VARIABLE = "CHAOS_JOURNAL"


@dataclass(frozen=True)
class Event:
    """One line: what happened to an attempt, in which process, when."""

    job_id: int
    attempt: int
    what: str
    pid: int
    at: float
    detail: str = ""


def note(job_id: int, attempt: int, what: str, detail: str = "") -> None:
    """Adds a line; one write to a file opened for appending is never torn nor mixed with another's."""
    line = f"{job_id} {attempt} {what} {os.getpid()} {time.monotonic():.6f} {detail}\n"
    descriptor = os.open(os.environ[PATH_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


class Journal:
    """The file as a growing list of events."""

    def __init__(self, path: Path) -> None:
        self._path, self._read_to = path, 0
        self._events: list[Event] = []
        path.touch()

    @property
    def path(self) -> Path:
        return self._path

    def events(self) -> list[Event]:
        """All so far, in the order they were written."""
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_to += len(whole)
        self._events.extend(_parse(line) for line in whole.decode().splitlines())
        return self._events

    def find(self, what: str, job_id: int, attempt: int | None = None) -> Event | None:
        """The first such event, of any attempt if none is named."""
        for event in self.events():
            if (event.what, event.job_id) == (what, job_id) and attempt in (None, event.attempt):
                return event
        return None

    def count(self, what: str) -> int:
        return sum(event.what == what for event in self.events())


def _parse(line: str) -> Event:
    job_id, attempt, what, pid, at, detail = line.split(" ", 5)
    return Event(int(job_id), int(attempt), what, int(pid), float(at), detail)
