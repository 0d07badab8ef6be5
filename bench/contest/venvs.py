"""An environment for each set of requirements, made once under .matchday and kept."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.contest.catalogue import Entry

FOLDER = Path(".matchday/bench-venvs")
NEWEST_MINOR = 20


class CannotTakePart(Exception):
    """Why a contestant is left out."""


def interpreter_for(entry: Entry) -> Path:
    """The Python that runs the contestant, with everything installed. Raises CannotTakePart."""
    if not entry.requirements:
        return Path(sys.executable)
    wanted = "\n".join(entry.requirements)
    key = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    folder = FOLDER / f"{entry.requirements[0].replace('==', '-')}-{key}"
    python = folder.resolve() / "bin" / "python"
    if not (folder / "complete").exists():
        base = _base(entry)
        shutil.rmtree(folder, ignore_errors=True)
        _run(entry, str(base), "-m", "venv", str(folder))
        _run(
            entry,
            str(python),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            *entry.requirements,
        )
        (folder / "complete").touch()
    return python


def _base(entry: Entry) -> Path:
    for python in _pythons():
        if _version(python) >= entry.python_at_least:
            return python
    raise CannotTakePart(f"it needs Python {'.'.join(map(str, entry.python_at_least))} or newer")


def _pythons() -> Iterator[Path]:
    """This one first; then those on the path and those that pyenv has, the oldest first."""
    yield Path(sys.executable)
    minors = range(sys.version_info.minor + 1, NEWEST_MINOR)
    yield from (Path(found) for minor in minors if (found := shutil.which(f"python3.{minor}")))
    for minor in minors:
        yield from sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))


def _version(python: Path) -> tuple[int, int]:
    """(0, 0) for what is no interpreter, such as pyenv's stand-in for a version that is not chosen."""
    told = subprocess.run(  # noqa: S603 - an interpreter that was found
        [python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True
    )
    if told.returncode != 0:
        return (0, 0)
    major, minor = told.stdout.split()
    return int(major), int(minor)


def _run(entry: Entry, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own commands
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotTakePart(f"{entry.name} could not be installed: {' '.join(last)}")
