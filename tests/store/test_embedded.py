"""The embedded server's life: it starts fast, dies with its owner, keeps its data, harms no stranger."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from store.embedded import AlreadyRunning, EmbeddedPostgres, throwaway_postgres
from store.embedded_binaries import (
    EmbeddedUnavailable,
    find_binaries,
)
from store.embedded_folder import try_lock
from tests.engine.worker import ROOT, survivors
from tests.store.servers import mode, needs_root, rows

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
