"""An upgrade and its taking back while jobs flow: workers of two releases on one database."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.patience import pause
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Form, Skipped, Verdict
from tests.chaos.worker import ROOT, Worker

LONGEST_WAIT = 2.0
# The last commit of the release before: the next release's changes are what this upgrades over.
RELEASE_BEFORE = "31009dc47bbdbc243513e07ba503fec257558b95"


def run(form: Form) -> Verdict:
    """Migrated under load, workers of both releases, and back to the old ones: no error, nothing lost."""
    seconds = form.pick(1.0, 5.0)
    with _release_before() as (folder, name), stage(prepare=lambda url: _migrate(folder, url)) as place:
        old = _old_workers(place, folder)
        with place.load() as load:
            pause(seconds)
            began = time.monotonic()
            _migrate(ROOT, place.url)
            took = time.monotonic() - began
            pause(seconds)
            new = place.workers_at_once(2, concurrency=10)
            pause(seconds)
            codes = [worker.stop() for worker in old]
            pause(seconds)
            _old_workers(place, folder)
            codes += [worker.stop() for worker in new]
            pause(seconds)
        place.expect(load.accepted)
        place.settle()
        trouble = [
            str(line["event"]) for worker in place.workers for line in worker.said("error", "critical")
        ]
        return place.judge(
            "migrated from the release before under 50 jobs/s, workers of both, then back to the old ones: no"
            f" error, no submit waits {LONGEST_WAIT:g} s",
            f"from {name} in {took:.1f} s, the longest submit {load.longest_seconds:.2f} s, {load.refused}"
            f" refused, {trouble[0] if trouble else 'no error'}",
            1,
            kept=not trouble and not load.refused and load.longest_seconds < LONGEST_WAIT and not any(codes),
        )


@contextmanager
def _release_before() -> Iterator[tuple[Path, str]]:
    """The project as it was released last, from its history, and its last migration."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        raise Skipped("the release before is taken from the project's git history")
    try:
        packed = _git("archive", RELEASE_BEFORE)
    except subprocess.CalledProcessError:
        raise Skipped(
            f"the history does not reach back to {RELEASE_BEFORE[:10]}, the release before"
        ) from None
    folder = Path(tempfile.mkdtemp(prefix="matchday-release-"))
    try:
        subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
        yield folder, max(path.stem for path in (folder / "sql" / "migrations").glob("*.sql"))
    finally:
        shutil.rmtree(folder)


def _old_workers(place: Stage, folder: Path) -> list[Worker]:
    return [place.worker(concurrency=10, prefix=("env", "-C", str(folder))) for _ in range(2)]


def _migrate(folder: Path, url: str) -> None:
    command = [sys.executable, "-m", "cli.main", "migrate"]
    environment = {**os.environ, "DATABASE_URL": url, "DATABASE_URL_DIRECT": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"migrate ended with {done.returncode}: {done.stderr.strip()}")


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout
