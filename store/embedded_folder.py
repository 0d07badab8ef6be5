"""The embedded server's folder: made private, moved where the server's user gets in, one owner at a time.

As root, the folder stays root's and only the data inside are the server's: a server must not be able to
put a link where root is about to write.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

import structlog

from store.embedded_binaries import (
    ABANDONED_SECONDS,
    SHARED_FOLDERS,
    ServerUser,
    can_reach,
    refuse_foreign,
    shared_folder,
)

THROWAWAY = "matchday-throwaway-"
# The server's user may pass, nobody may look around.
PASSABLE = 0o711

log = structlog.get_logger()


def prepared(root: Path, user: ServerUser | None) -> Path:
    """The folder, made if it is not there; another one where the server's user cannot get to it.

    A folder that was there keeps its owner and its mode, and so do all above it.
    """
    is_new = not root.exists()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user is None:
        return root
    if is_new:
        root.chmod(PASSABLE)
    return root if can_reach(root, user) else _elsewhere(root, user)


def _elsewhere(root: Path, user: ServerUser) -> Path:
    key = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    # A TMPDIR that was set is where its setter looks for what we leave.
    wanted = [folder for folder in (tempfile.gettempdir(),) if folder not in SHARED_FOLDERS]
    place = shared_folder(user, *wanted) / f"matchday-data-{key}"
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
        place.chmod(PASSABLE)
    refuse_foreign(place)
    log.info("embedded_data_elsewhere", at=str(place), reason=f"user {user.name} cannot reach {root}")
    return place


def try_lock(path: Path) -> IO[bytes] | None:
    """The file, locked until it is closed or our process ends; None while another process has it."""
    file = open_private(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def open_private(path: Path) -> IO[bytes]:
    """Opened to append, and made for nobody but us to read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def write_secret(path: Path, value: str, owner: ServerUser | None = None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)
    if owner:
        os.chown(path, owner.uid, owner.gid)


def new_folder(path: Path, owner: ServerUser | None) -> Path:
    path.mkdir(mode=0o700)
    if owner:
        os.chown(path, owner.uid, owner.gid)
    return path


def throwaway_folder(user: ServerUser | None) -> Path:
    """A new folder for a server nobody will miss; those of killed owners are removed."""
    parent = Path(tempfile.gettempdir())
    if user and not can_reach(parent, user):
        parent = shared_folder(user)
    for old in parent.glob(f"{THROWAWAY}*"):
        if _is_abandoned(old):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=THROWAWAY, dir=parent))
    folder.chmod(PASSABLE)
    return folder


def _is_abandoned(folder: Path) -> bool:
    """Whether it is ours to remove: old, and no process holds it."""
    try:
        found = folder.lstat()
        if found.st_uid != os.geteuid() or found.st_mtime > time.time() - ABANDONED_SECONDS:
            return False
        lock = try_lock(folder / "lock")
    except OSError:
        return False
    if lock:
        lock.close()
    return lock is not None
